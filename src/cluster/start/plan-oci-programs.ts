import { type ArtifactPlan, planArtifacts } from "../../artifacts/artifact-set.ts";
import type { HostContext } from "../../contract/host.ts";
import type { ClusterRecord } from "../../state/cluster-record.ts";
import { artifactWishes } from "./wishes.ts";

/** A plan with the programs of OCI runtimes that addons bring, from where everything else is. Rejects as `planArtifacts`. Downloads nothing. */
export async function withOciPrograms(
  plan: ArtifactPlan,
  { runtime, spec }: ClusterRecord,
  names: readonly string[],
  host: HostContext,
): Promise<ArtifactPlan> {
  if (names.length === spec.ociRuntimes.length) return plan;
  const { kubernetesVersion, source: artifacts, mirror, reason } = plan;
  const wishesOf = (version: string) => artifactWishes(version, runtime, names);
  const request = { kubernetesVersion, artifacts, mirror };
  return { ...(await planArtifacts(request, wishesOf, host)), reason };
}
