import { LocalkubeError } from "../../../contract/errors/localkube-error.ts";
import type { Step } from "../../../contract/step.ts";
import type { ChosenAddon } from "../../addons/choose.ts";
import { addonsOnRecord, enableOnRecord, enablingPlan, liveOf } from "../enable-on-record.ts";
import type { ClusterBase, ClusterState } from "../state.ts";

/**
 * Beside the wait for the cluster: what every new cluster has must not cost its start, so that its pods start together with those of the cluster; and where a flag lets no pod run without what
 * an addon applies, the cluster's own wait for that too.
 */
export const firstAddons: Step<ClusterState, ClusterBase> = {
  id: "first-addons",
  title: "Enabling the first addons",
  timeoutMs: 3_600_000,
  plan: ({ record: { spec }, firstAddons: names }) => enablingPlan(Object.keys(spec.addons), names),
  async apply(s, c) {
    const live = liveOf(s);
    const { all, chosen } = await addonsOnRecord(s, (name) => s.firstAddons.includes(name));
    const needed = new Set(all.flatMap(({ folder }) => folder.addon.needs));
    const isWanted = ({ folder: { addon } }: ChosenAddon): boolean =>
      !addon.default || needed.has(addon.name);
    try {
      return (await enableOnRecord(chosen, s, live, c)) ? undefined : "unchanged";
    } catch (error) {
      // Nobody asked for these, so that their images cannot be had is no reason against the cluster; the next start tries again.
      if (!(error instanceof LocalkubeError) || error.id !== "ADDON_IMAGE_MISSING" || chosen.some(isWanted))
        throw error;
      s.notice(`${error.message}; the cluster is without it`, "warning");
      return "unchanged";
    }
  },
};
