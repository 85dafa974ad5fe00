import type { ArtifactSet } from "../contract/artifact.ts";
import type { RunContext } from "../contract/host.ts";
import type { StoreOptions } from "./artifact-store.ts";
import { debianSet, wishesOfBuild } from "./debian/artifact-files.ts";
import { debianImages } from "./debian-image/images.ts";
import { fetchDebianFromMirror } from "./debian-source.ts";
import type { ArtifactPlan } from "./plan-artifacts.ts";
import { openSource } from "./source.ts";
import { fetchUpstream } from "./upstream-set.ts";

export { type ArtifactPlan, planArtifacts } from "./plan-artifacts.ts";

/**
 * Everything a plan names, verified and in the cache: downloads (or with Debian artifacts builds) what is missing, reports progress
 * in bytes, and only checks when everything is present. Errors of `ArtifactStore.ensure` and of the Debian builder.
 */
export async function fetchArtifacts(
  plan: ArtifactPlan,
  c: RunContext,
  options: StoreOptions = {},
): Promise<ArtifactSet> {
  const { arch, mirror } = plan;
  if (plan.source === "upstream") {
    return (await fetchUpstream(plan, await openSource(mirror), c, options)).set;
  }
  const { images } = await debianImages(plan.wishes.images, { arch, mirror }, c, options);
  const more = { wishes: plan.wishes, made: images };
  // An addon of a running cluster wishes images alone: Kubernetes need not be in the cache for it.
  if (!wishesOfBuild(plan.wishes)) return debianSet(undefined, more);
  if (mirror && !plan.complete) {
    const files = await fetchDebianFromMirror({ arch, mirror }, c, options);
    if (files) return debianSet(files, more);
    c.log(`the mirror has no Debian artifacts for linux/${arch} of this recipe; building them`);
  }
  const { buildDebianArtifacts } = await import("./debian/build.ts");
  return debianSet(await buildDebianArtifacts({ arch }, c), more);
}
