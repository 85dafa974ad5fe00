import { wishedProgram } from "../../contract/artifact.ts";
import type { KubernetesComponent } from "../../contract/components.ts";
import type { PushEntry } from "../../contract/transport.ts";
import type { Unit } from "../units/unit-file.ts";
import {
  apiServerFlags,
  controllerManagerFlags,
  kubeletFlags,
  proxyFlags,
  schedulerFlags,
} from "./control-plane-flags.ts";
import { type Flags, programArguments } from "./flags.ts";
import { apiServerPort, guestPaths } from "./guest-paths.ts";
import { isEmulated } from "../guest/guest-facts.ts";
import { goEnvironment } from "./go-environment.ts";
import { componentKubeconfig, kubeletConfiguration, proxyConfiguration } from "./node-configs.ts";
import type { NodeInput } from "./node-input.ts";
import { fileEntry, yamlEntry } from "./push-entries.ts";
import { loginFiles } from "./registry-files.ts";
import { guardServices } from "./service-guard.ts";

/** Gives the files of these names under the guest's `pki/`. */
export type PickCertificates = (...names: readonly string[]) => readonly PushEntry[];

/** A node's Kubernetes programs; those of the control plane are absent on a worker. */
export type NodeUnits = Readonly<Record<"kubelet" | "kube-proxy", Unit>> &
  Readonly<Partial<Record<KubernetesComponent, Unit>>>;

/** The Kubernetes programs of a node as units, each with every file it reads. Rejects a user's flag with FLAG_NOT_IN_VERSION. Pure. */
export function kubernetesUnits(input: NodeInput, pki: PickCertificates): NodeUnits {
  const isWorker = input.node.role === "worker";
  const apiServer = input.nodes[0] ?? input.node;
  const unit = (
    program: KubernetesComponent,
    flags: Flags,
    inputs: readonly PushEntry[],
    values: Readonly<Record<string, string>> = {},
  ): Unit => ({
    name: `${program}.service`,
    template: `${program}.service`,
    argv: [`${guestPaths.bin}/${program}`, ...programArguments(program, flags, input)],
    inputs: [
      fileEntry(`${guestPaths.bin}/${program}`, wishedProgram(input.artifacts, program), 0o755),
      ...inputs,
    ],
    values: { environment: goEnvironment(input), ...values },
  });
  const server = `https://${isWorker ? apiServer.address : "127.0.0.1"}:${apiServerPort}`;
  const guard = guardServices(input.spec.serviceCidr);
  const kubeconfig = (name: string, user: string, certificate: string): PushEntry =>
    yamlEntry(`${guestPaths.kubernetes}/${name}.conf`, componentKubeconfig(user, certificate, server), 0o600);
  const everywhere = {
    kubelet: unit(
      "kubelet",
      kubeletFlags(input),
      [
        kubeconfig("kubelet", `system:node:${input.node.name}`, "kubelet-client"),
        yamlEntry(guestPaths.kubeletConfig, kubeletConfiguration(input)),
        ...loginFiles(input),
        ...pki("ca.crt", "kubelet-client.crt", "kubelet-client.key"),
        ...pki("kubelet-server.crt", "kubelet-server.key"),
      ],
      {
        guard,
        runtimeUnit: input.runtime.units.map(({ name }) => name).join(" "),
        after: isEmulated(input.facts) && !isWorker ? " kube-apiserver.service" : "",
      },
    ),
    "kube-proxy": unit("kube-proxy", proxyFlags(input), [
      kubeconfig("kube-proxy", "system:kube-proxy", "kube-proxy"),
      yamlEntry(guestPaths.proxyConfig, proxyConfiguration(input)),
      ...pki("ca.crt", "kube-proxy.crt", "kube-proxy.key"),
    ]),
  };
  if (isWorker) return everywhere;
  return {
    ...everywhere,
    "kube-apiserver": unit(
      "kube-apiserver",
      apiServerFlags(input),
      pki(
        ...["ca.crt", "apiserver.crt", "apiserver.key", "sa.pub", "sa.key"],
        ...["etcd-ca.crt", "apiserver-etcd-client.crt", "apiserver-etcd-client.key"],
        ...["apiserver-kubelet-client.crt", "apiserver-kubelet-client.key"],
        ...["front-proxy-ca.crt", "front-proxy-client.crt", "front-proxy-client.key"],
      ),
      { guard },
    ),
    "kube-controller-manager": unit("kube-controller-manager", controllerManagerFlags(input), [
      kubeconfig("controller-manager", "system:kube-controller-manager", "controller-manager"),
      ...pki("ca.crt", "ca.key", "sa.key", "front-proxy-ca.crt"),
      ...pki("controller-manager.crt", "controller-manager.key"),
    ]),
    "kube-scheduler": unit("kube-scheduler", schedulerFlags(input), [
      kubeconfig("scheduler", "system:kube-scheduler", "scheduler"),
      ...pki("ca.crt", "front-proxy-ca.crt", "scheduler.crt", "scheduler.key"),
    ]),
  };
}
