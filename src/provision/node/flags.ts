import type { ClusterSpec, Component } from "../../contract/cluster-spec.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { KubernetesProgram, NodeInput, VersionFacts } from "./node-input.ts";

export type Flags = Readonly<Record<string, string | number | boolean>>;

const componentOf: Readonly<Record<KubernetesProgram, Component>> = {
  "kube-apiserver": "apiserver",
  "kube-controller-manager": "controller-manager",
  "kube-scheduler": "scheduler",
  kubelet: "kubelet",
  "kube-proxy": "proxy",
};

/**
 * Refuses a user's flag that the version does not have with FLAG_NOT_IN_VERSION: dropping it in silence would hide a mistake. Asked
 * before a spec is recorded, or the record would carry the mistake into every later start.
 */
export function assertUserFlags(
  { extraConfig }: Pick<ClusterSpec, "extraConfig">,
  version: string,
  flagState: VersionFacts["flagState"],
): void {
  for (const [program, component] of Object.entries(componentOf) as [KubernetesProgram, Component][]) {
    for (const flag of Object.keys(extraConfig[component] ?? {})) {
      if (flagState(program, flag) !== "absent") continue;
      throw new LocalkubeError("FLAG_NOT_IN_VERSION", { component, flag, program, version });
    }
  }
}

/**
 * A program's arguments: ours, less those that this version does not have, then the user's, which `assertUserFlags` has
 * looked at.
 */
export function programArguments(
  program: KubernetesProgram,
  ours: Flags,
  input: NodeInput,
): readonly string[] {
  const users = input.spec.extraConfig[componentOf[program]] ?? {};
  const gates = Object.entries(input.spec.featureGates).map(([gate, on]) => `${gate}=${on}`);
  const known = Object.entries(ours).filter(([flag]) => input.version.flagState(program, flag) === "present");
  const all = {
    ...Object.fromEntries(known),
    ...(gates.length ? { "feature-gates": gates.join(",") } : {}),
    ...users,
  };
  return Object.entries(all).map(([flag, value]) => `--${flag}=${value}`);
}
