import type { ArtifactPlan } from "../../artifacts/artifact-set.ts";
import type { HostContext } from "../../contract/host.ts";
import type { ClusterSpec, SpecLayer } from "../../spec/fields.ts";
import { type AddonOptions, leavesDefaults } from "../../spec/parse/addons.ts";
import { clusterPaths } from "../../state/paths.ts";
import { defaultAddons, settleAddons } from "../addons/choose.ts";
import { knownAddons } from "../addons/known-addons.ts";

/** Whether a new cluster gets the default addons: nobody has named them all. */
export const takesDefaultAddons = ({
  flags,
  file,
  settings,
}: Readonly<Record<"flags" | "file" | "settings", SpecLayer>>): boolean =>
  leavesDefaults({ flags: flags.addons, file: file.addons, settings: settings.addons });

/** With all that they need, and checked for this Kubernetes and these artifacts. */
export async function wantedAddons(
  { name, addons: asked, cni }: ClusterSpec,
  existing: AddonOptions,
  { kubernetesVersion, source }: ArtifactPlan,
  host: HostContext,
  withDefaults = false,
): Promise<AddonOptions> {
  // Without a pod network no pod of theirs could run.
  const hasDefaults = withDefaults && cni !== "none";
  if (Object.keys(asked).length === 0 && !hasDefaults) return asked;
  const known = await knownAddons(clusterPaths(host, name).addons);
  const target = { kubernetesVersion, artifactsSource: source };
  const addons = hasDefaults ? { ...asked, ...defaultAddons(asked, known, target) } : asked;
  return settleAddons(addons, existing, known, target);
}
