import { stringify } from "yaml";
import type { BinaryName } from "../../contract/artifact.ts";
import type { PushEntry } from "../../contract/transport.ts";
import { renderUnit, type Unit } from "../units/unit-file.ts";
import {
  apiServerFlags,
  controllerManagerFlags,
  etcdArguments,
  kubeletFlags,
  proxyFlags,
  schedulerFlags,
} from "./control-plane-flags.ts";
import { type Flags, programArguments } from "./flags.ts";
import { apiServerPort, guestPaths } from "./guest-paths.ts";
import {
  bridgeNetwork,
  componentKubeconfig,
  kubeletConfiguration,
  proxyConfiguration,
} from "./node-configs.ts";
import type { KubernetesProgram, NodeInput } from "./node-input.ts";

/** One part of a node: what must stand in the guest before its units may run. */
export interface NodePart {
  readonly files: readonly PushEntry[];
  readonly units: readonly Unit[];
}

/**
 * The node in three parts, in the order in which they cross the wire: etcd and the API server first, because everything waits for
 * them; the runtime, which needs no upload of ours; then the rest, while the API server comes up.
 */
export interface NodeFiles {
  readonly controlPlane: NodePart;
  readonly runtime: NodePart;
  readonly node: NodePart;
}

export function nodeFiles(input: NodeInput): NodeFiles {
  const server = `https://127.0.0.1:${apiServerPort}`;
  const pki = certificateFiles(input);
  const config = (path: string, content: object, mode = 0o644): PushEntry =>
    text(path, stringify(content), mode);
  const kubeconfig = (name: string, user: string, certificate: string): PushEntry =>
    config(`${guestPaths.kubernetes}/${name}.conf`, componentKubeconfig(user, certificate, server), 0o600);

  const etcd: Unit = {
    name: "etcd.service",
    template: "etcd.service",
    argv: [input.facts.etcdPath, ...etcdArguments(input)],
    inputs: pick(pki, ["etcd.crt", "etcd.key", "etcd-ca.crt"]),
  };
  const apiServer = kubernetesUnit("kube-apiserver", apiServerFlags(input), input, [
    ...pick(pki, [
      "ca.crt",
      "etcd-ca.crt",
      "apiserver.crt",
      "apiserver.key",
      "apiserver-etcd-client.crt",
      "apiserver-etcd-client.key",
    ]),
    ...pick(pki, [
      "apiserver-kubelet-client.crt",
      "apiserver-kubelet-client.key",
      "front-proxy-ca.crt",
      "front-proxy-client.crt",
    ]),
    ...pick(pki, ["front-proxy-client.key", "sa.pub", "sa.key"]),
  ]);
  const runtimeFiles = input.runtime.files({
    runtimeVersion: input.facts.containerdVersion,
    pauseImage: input.artifacts.images.pause.ref,
    cgroupDriver: input.cgroupDriver,
    restrictOomScoreAdj: !input.facts.canLowerOomScore,
    cniBinDir: input.facts.cniBinDir,
  });
  const crictl = config(guestPaths.crictl, {
    "runtime-endpoint": input.runtime.endpoint,
    "image-endpoint": input.runtime.endpoint,
    timeout: 10,
  });
  const runtime: Unit = {
    name: input.runtime.unit,
    template: "containerd.service",
    argv: ["/usr/bin/containerd"],
    inputs: runtimeFiles,
  };

  const manager = kubernetesUnit("kube-controller-manager", controllerManagerFlags(input), input, [
    kubeconfig("controller-manager", "system:kube-controller-manager", "controller-manager"),
    ...pick(pki, [
      "ca.crt",
      "ca.key",
      "sa.key",
      "front-proxy-ca.crt",
      "controller-manager.crt",
      "controller-manager.key",
    ]),
  ]);
  const scheduler = kubernetesUnit("kube-scheduler", schedulerFlags(), input, [
    kubeconfig("scheduler", "system:kube-scheduler", "scheduler"),
    ...pick(pki, ["ca.crt", "front-proxy-ca.crt", "scheduler.crt", "scheduler.key"]),
  ]);
  const kubelet = kubernetesUnit(
    "kubelet",
    kubeletFlags(input),
    input,
    [
      kubeconfig("kubelet", `system:node:${input.nodeName}`, "kubelet-client"),
      config(guestPaths.kubeletConfig, kubeletConfiguration(input)),
      ...pick(pki, [
        "ca.crt",
        "kubelet-client.crt",
        "kubelet-client.key",
        "kubelet-server.crt",
        "kubelet-server.key",
      ]),
    ],
    { runtimeUnit: input.runtime.unit },
  );
  const proxy = kubernetesUnit("kube-proxy", proxyFlags(input), input, [
    kubeconfig("kube-proxy", "system:kube-proxy", "kube-proxy"),
    config(guestPaths.proxyConfig, proxyConfiguration(input)),
    ...pick(pki, ["ca.crt", "kube-proxy.crt", "kube-proxy.key"]),
  ]);
  const network =
    input.spec.cni === "bridge"
      ? [text(guestPaths.cniConfig, `${JSON.stringify(bridgeNetwork(input.spec.podCidr), null, 2)}\n`)]
      : [];

  return {
    controlPlane: part([etcd, apiServer], pki),
    runtime: part([runtime], [crictl, ...network, ...runtimeFiles]),
    node: part([manager, scheduler, kubelet, proxy], [binary("kubectl", input), ...imageFiles(input)]),
  };
}

function kubernetesUnit(
  program: KubernetesProgram,
  flags: Flags,
  input: NodeInput,
  inputs: readonly PushEntry[],
  values: Readonly<Record<string, string>> = {},
): Unit {
  return {
    name: `${program}.service`,
    template: `${program}.service`,
    argv: [`${guestPaths.bin}/${program}`, ...programArguments(program, flags, input)],
    inputs: [binary(program, input), ...inputs],
    values,
  };
}

function part(units: readonly Unit[], more: readonly PushEntry[]): NodePart {
  const entries = [
    ...units.flatMap(({ inputs }) => inputs),
    ...more,
    ...units.map((unit) => text(`${guestPaths.units}/${unit.name}`, renderUnit(unit))),
  ];
  return { units, files: [...new Map(entries.map((entry) => [entry.path, entry])).values()] };
}

function certificateFiles({ certificates }: NodeInput): readonly PushEntry[] {
  const pems = { ...certificates.authorities, ...certificates.leaves };
  // What only the user's side needs stays on the host.
  const hostOnly = new Set(["admin"]);
  const keyless = new Set(["etcd-ca.key", "front-proxy-ca.key"]);
  const path = (name: string): string => `${guestPaths.pki}/${name}`;
  return [
    ...Object.entries(pems)
      .filter(([name]) => !hostOnly.has(name))
      .flatMap(([name, pem]) => [
        text(path(`${name}.crt`), pem.certificate),
        text(path(`${name}.key`), pem.key, 0o600),
      ]),
    text(path("sa.pub"), certificates.serviceAccount.publicKey),
    text(path("sa.key"), certificates.serviceAccount.privateKey, 0o600),
  ].filter((entry) => !keyless.has(entry.path.slice(guestPaths.pki.length + 1)));
}

const imageFiles = ({ artifacts }: NodeInput): readonly PushEntry[] =>
  Object.entries(artifacts.images).map(([name, image]) => ({
    path: `${guestPaths.images}/${name}.tar`,
    mode: 0o644,
    source: { kind: "file", file: image.file, sha256: image.sha256, size: image.size },
  }));

function binary(name: BinaryName, { artifacts }: NodeInput): PushEntry {
  const { file, sha256, size } = artifacts.binaries[name];
  return { path: `${guestPaths.bin}/${name}`, mode: 0o755, source: { kind: "file", file, sha256, size } };
}

const text = (path: string, content: string, mode = 0o644): PushEntry => ({
  path,
  mode,
  source: { kind: "text", text: content },
});

function pick(entries: readonly PushEntry[], names: readonly string[]): readonly PushEntry[] {
  return names.map((name) => {
    const found = entries.find(({ path }) => path === `${guestPaths.pki}/${name}`);
    if (!found) throw new Error(`no certificate file ${name}`);
    return found;
  });
}
