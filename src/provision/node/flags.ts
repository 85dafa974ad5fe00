import type { Component } from "../../contract/cluster-spec.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { KubernetesProgram, NodeInput } from "./node-input.ts";

export type Flags = Readonly<Record<string, string | number | boolean>>;

const componentOf: Readonly<Record<KubernetesProgram, Component>> = {
  "kube-apiserver": "apiserver",
  "kube-controller-manager": "controller-manager",
  "kube-scheduler": "scheduler",
  kubelet: "kubelet",
  "kube-proxy": "proxy",
};

/**
 * A program's arguments: ours, less those that this version does not have, then the user's. A user's flag that the version does
 * not have stops with FLAG_NOT_IN_VERSION: dropping it in silence would hide a mistake.
 */
export function programArguments(
  program: KubernetesProgram,
  ours: Flags,
  input: NodeInput,
): readonly string[] {
  const component = componentOf[program];
  const users = input.spec.extraConfig[component] ?? {};
  for (const flag of Object.keys(users)) {
    if (input.version.flagState(program, flag) === "absent") {
      const version = input.artifacts.kubernetesVersion;
      throw new LocalkubeError("FLAG_NOT_IN_VERSION", { component, flag, program, version });
    }
  }
  const gates = Object.entries(input.spec.featureGates).map(([gate, on]) => `${gate}=${on}`);
  const known = Object.entries(ours).filter(([flag]) => input.version.flagState(program, flag) === "present");
  const all = {
    ...Object.fromEntries(known),
    ...(gates.length ? { "feature-gates": gates.join(",") } : {}),
    ...users,
  };
  return Object.entries(all).map(([flag, value]) => `--${flag}=${value}`);
}
