import {
  components,
  type KubernetesComponent,
  kubernetesComponents,
  shortName,
} from "../../contract/components.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { ClusterSpec } from "../../spec/fields.ts";
import { assertNotOwned } from "./owned-flags.ts";
import type { NodeInput, VersionFacts } from "./node-input.ts";

export type Flags = Readonly<Record<string, string | number | boolean>>;

/**
 * Refuses a user's flag that localkube must set itself with FLAG_OWNED, and one that the version does not have with FLAG_NOT_IN_VERSION:
 * dropping it silently would hide a mistake. Called before a spec is recorded, or the record would repeat the mistake at every later start.
 */
export function assertUserFlags(
  { extraConfig }: Pick<ClusterSpec, "extraConfig">,
  version: string,
  flagState: VersionFacts["flagState"],
  /** State of a flag of the etcd that belongs to that version. */
  etcdFlagState: (flag: string) => "present" | "absent" = () => "present",
  /** Version of that etcd: `3.5.21`. */
  etcdVersion = "",
): void {
  for (const component of components)
    for (const flag of Object.keys(extraConfig[component] ?? {})) assertNotOwned(component, flag);
  for (const flag of Object.keys(extraConfig.etcd ?? {}))
    if (etcdFlagState(flag) === "absent")
      throw new LocalkubeError("FLAG_NOT_IN_VERSION", {
        component: "etcd",
        flag,
        program: "etcd",
        // Debian's may be another patch release.
        version: etcdVersion.split(".", 2).join("."),
      });
  for (const program of kubernetesComponents) {
    const component = shortName(program);
    for (const flag of Object.keys(extraConfig[component] ?? {})) {
      if (flagState(program, flag) !== "absent") continue;
      throw new LocalkubeError("FLAG_NOT_IN_VERSION", { component, flag, program, version });
    }
  }
}

/**
 * A program's arguments: ours, without those that this version does not have, then the user's, which `assertUserFlags` has
 * checked.
 */
export function programArguments(
  program: KubernetesComponent,
  ours: Flags,
  input: NodeInput,
): readonly string[] {
  const users = input.spec.extraConfig[shortName(program)] ?? {};
  const gates = Object.entries(input.spec.featureGates).map(([gate, on]) => `${gate}=${on}`);
  const known = Object.entries(ours).filter(([flag]) => input.version.flagState(program, flag) === "present");
  const all = {
    ...Object.fromEntries(known),
    ...(gates.length ? { "feature-gates": gates.join(",") } : {}),
    ...users,
  };
  return Object.entries(all).map(([flag, value]) => `--${flag}=${value}`);
}
