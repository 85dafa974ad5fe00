import { wishedProgram } from "../../contract/artifact.ts";
import type { PushEntry } from "../../contract/transport.ts";
import { guestSettings } from "../guest/guest-settings.ts";
import { bridgeNetwork, nodeBlock } from "../network/bridge.ts";
import { compareReleases } from "../../host/versions.ts";
import type { GuestArchive } from "../programs/guest-archive.ts";
import { renderUnit, type Unit } from "../units/unit-file.ts";
import { certificateFiles } from "./certificate-files.ts";
import { etcdArguments } from "./control-plane-flags.ts";
import { assertUserFlags } from "./flags.ts";
import { goEnvironment } from "./go-environment.ts";
import { guestPaths } from "./guest-paths.ts";
import { kubernetesUnits, type PickCertificates } from "./kubernetes-units.ts";
import type { NodeInput } from "./node-input.ts";
import { fileEntry, textEntry, yamlEntry } from "./push-entries.ts";
import { proxyFiles, withProxy } from "./registry-files.ts";
import { programOfRuntime, runtimeInput } from "./runtime-input.ts";

/** One part of a node: what must be in the guest before its units may run. */
export interface NodePart {
  readonly files: readonly PushEntry[];
  /** Those of `files` that must be unpacked first. */
  readonly archives: readonly GuestArchive[];
  readonly units: readonly Unit[];
}

/**
 * A node in parts, in the order in which they cross the wire: the runtime, which often needs no upload, with etcd and the
 * API server, because everything waits for them; the kubelet, which takes seconds to inspect the machine before it needs the API; then the rest.
 */
export interface NodeFiles {
  /** Absent on a worker. */
  readonly controlPlane?: NodePart;
  readonly runtime: NodePart;
  readonly kubelet: NodePart;
  readonly controllers: NodePart;
}

/** Pure: equal inputs give equal files and units. Rejects a user's flag with FLAG_NOT_IN_VERSION. */
export function nodeFiles(input: NodeInput): NodeFiles {
  const { artifacts, programs } = input;
  assertUserFlags(input.spec, artifacts.kubernetesVersion, input.version.flagState);
  const certificates = certificateFiles(input);
  const pki: PickCertificates = (...names) =>
    names.map((name) => {
      const entry = certificates.get(name);
      if (!entry) throw new Error(`no certificate file ${name}`);
      return entry;
    });
  const units = kubernetesUnits(input, pki);
  const archive = (name: GuestArchive["name"]): readonly GuestArchive[] =>
    programs.archives.filter((one) => one.name === name);
  const isFirst = ({ name }: GuestArchive): boolean => name === "etcd";
  const images = Object.entries(artifacts.images).map(([name, image]) =>
    fileEntry(`${guestPaths.images}/${name}.tar`, image),
  );
  const kubectl = fileEntry(`${guestPaths.bin}/kubectl`, wishedProgram(artifacts, "kubectl"), 0o755);
  const runtime = runtimeUnits(
    input,
    input.runtime.programs.flatMap(({ name }) => archive(name)),
  );
  const { kubelet, "kube-proxy": proxy, "kube-apiserver": apiServer } = units;
  const unpacked = programs.archives.filter((one) => !isFirst(one));
  const files: NodeFiles = {
    runtime: part(
      runtime,
      [
        ...[...crictlConfig(input), ...networkConfig(input), ...guestSettings(input), ...programs.files],
        ...input.runtime.registryFiles(runtimeInput(input)),
      ],
      unpacked,
    ),
    kubelet: part([kubelet], images),
    controllers: part(
      [units["kube-controller-manager"], units["kube-scheduler"], proxy].filter((unit) => unit !== undefined),
      [kubectl],
    ),
  };
  if (!apiServer) return files;
  const etcd = etcdUnit(input, archive("etcd"), pki);
  const first = programs.archives.filter(isFirst);
  return { ...files, controlPlane: part([etcd, apiServer], [...certificates.values()], first) };
}

function etcdUnit(input: NodeInput, archives: readonly GuestArchive[], pki: PickCertificates): Unit {
  const { path, version } = input.programs.etcd;
  // Up to 3.5, etcd runs on this architecture only with an explicit opt-in, because it is untested there.
  const isUntested = input.facts.machine === "aarch64" && compareReleases(version, "3.5.0") < 0;
  return {
    name: "etcd.service",
    template: "etcd.service",
    argv: [path, ...etcdArguments(input)],
    inputs: [...pki("etcd.crt", "etcd.key", "etcd-ca.crt"), ...archives.map(({ entry }) => entry)],
    values: {
      environment: `${isUntested ? " ETCD_UNSUPPORTED_ARCH=arm64" : ""}${goEnvironment(input)}`,
    },
  };
}

function runtimeUnits(input: NodeInput, archives: readonly GuestArchive[]): readonly Unit[] {
  const { runtime } = input;
  const settings = runtimeInput(input);
  const proxy = proxyFiles(input);
  const files = [...runtime.files(settings), ...proxy, ...archives.map(({ entry }) => entry)];
  return runtime.units.map((unit) => {
    const path = unit.program === undefined ? [] : [programOfRuntime(input, unit.program).path];
    const argv = [...path, ...unit.arguments(settings)];
    return { name: unit.name, template: { text: withProxy(unit.text, proxy) }, argv, inputs: files };
  });
}

/** Whoever has a CRI server has told their crictl where it is. */
const crictlConfig = ({ runtime: { endpoint, foreign } }: NodeInput): readonly PushEntry[] =>
  foreign
    ? []
    : [
        yamlEntry(guestPaths.crictl, {
          "runtime-endpoint": endpoint,
          "image-endpoint": endpoint,
          timeout: 10,
        }),
      ];

function networkConfig({ network, spec, node, nodes }: NodeInput): readonly PushEntry[] {
  switch (network.kind) {
    case "bridge": {
      const text = `${JSON.stringify(bridgeNetwork(nodeBlock(spec.podCidr, nodes.indexOf(node))), null, 2)}\n`;
      return [textEntry(`${guestPaths.cniConfig}.conflist`, text)];
    }
    case "config":
      return [textEntry(`${guestPaths.cniConfig}.${network.ending}`, network.text)];
    default:
      return [];
  }
}

function part(
  units: readonly Unit[],
  more: readonly PushEntry[],
  archives: readonly GuestArchive[] = [],
): NodePart {
  const entries = [
    ...units.flatMap(({ inputs }) => inputs),
    ...more,
    ...archives.map(({ entry }) => entry),
    ...units.map((unit) => textEntry(`${guestPaths.units}/${unit.name}`, renderUnit(unit))),
  ];
  return { units, archives, files: [...new Map(entries.map((entry) => [entry.path, entry])).values()] };
}
