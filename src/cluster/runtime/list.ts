import { planArtifacts } from "../../artifacts/artifact-set.ts";
import { catalogueEntry } from "../../artifacts/catalogue/catalogue-entry.ts";
import { knownMinors } from "../../artifacts/catalogue/kubernetes-version.ts";
import type { RuntimeDefinition } from "../../contract/runtime.ts";
import { defaultRuntimeName, runtimeByName, runtimes } from "../../runtimes/registry.ts";
import type { UseCaseContext } from "../access/use-case.ts";
import { absence, artifactWishes } from "../start/wishes.ts";

export interface ListedProgram {
  readonly name: string;
  /** `release`: downloaded in `version`; `debian`: the package of that name; `none`: neither is there. */
  readonly from: "release" | "debian" | "none";
  readonly version?: string;
  readonly package?: string;
}

export interface ListedRuntime {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly isDefault: boolean;
  /** Minors of Kubernetes that it goes with, `36`. */
  readonly minors: readonly number[];
  /** What a new cluster here would get; empty when it does not go with the Kubernetes that a new cluster gets. */
  readonly programs: readonly ListedProgram[];
  /** Why a new cluster here could not have it; absent when it could. */
  readonly problem?: string;
}

export interface RuntimeList {
  /** Of a new cluster here with the wishes given. */
  readonly kubernetesVersion: string;
  readonly artifacts: "upstream" | "debian";
  readonly runtimes: readonly ListedRuntime[];
}

/**
 * All runtimes, which Kubernetes each goes with, and where its programs would come from for a new cluster on this computer. Asks the artifacts' server,
 * as `start` does; changes nothing. Rejects with the errors of `planArtifacts`.
 */
export async function listRuntimes(
  wanted: {
    readonly kubernetesVersion: string;
    readonly artifacts: "auto" | "upstream" | "debian";
    readonly mirror: string;
  },
  { host }: Pick<UseCaseContext, "host">,
): Promise<RuntimeList> {
  const plan = await planArtifacts(wanted, (version) => artifactWishes(version, defaultRuntimeName), host);
  const { minor } = catalogueEntry(plan.kubernetesVersion);
  const preferred = runtimeByName(defaultRuntimeName);
  return {
    kubernetesVersion: plan.kubernetesVersion,
    artifacts: plan.source,
    runtimes: runtimes.map((definition) => ({
      name: definition.name,
      aliases: [...(definition === preferred ? [defaultRuntimeName] : []), ...definition.aliases],
      isDefault: definition === preferred,
      minors: knownMinors.filter((one) => definition.at(one)),
      ...here(definition, minor, plan),
    })),
  };
}

/** Pure. */
export function here(
  definition: RuntimeDefinition,
  minor: number,
  {
    source,
    kubernetesVersion,
  }: { readonly source: "upstream" | "debian"; readonly kubernetesVersion: string },
): Pick<ListedRuntime, "programs" | "problem"> {
  const runtime = definition.at(minor);
  if (!runtime) return { programs: [], problem: `does not go with Kubernetes ${kubernetesVersion}` };
  const programs = runtime.programs.map((program): ListedProgram => {
    const { name, package: debian } = program;
    const version = program.versions(minor)?.install;
    if (source === "upstream" && version !== undefined) return { name, from: "release", version };
    return debian === undefined ? { name, from: "none" } : { name, from: "debian", package: debian };
  });
  const absent = runtime.programs.find((program) => absence(program, minor, { source }) !== undefined);
  if (!absent) return { programs };
  const way =
    absent.versions(minor)?.install === undefined ? "use a machine that has it" : "use --artifacts upstream";
  return { programs, problem: `${absence(absent, minor, { source })}; ${way}` };
}
