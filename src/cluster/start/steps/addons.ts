import type { RunContext } from "../../../contract/host.ts";
import type { Step } from "../../../contract/step.ts";
import { applyAddon, removeAddon } from "../../addons/apply.ts";
import { chooseAddons, knownAddons } from "../../addons/choose.ts";
import { getImages, loadIntoNodes, presentFor } from "../../addons/images.ts";
import { type LiveCluster, liveCluster, type LiveNode } from "../../addons/live-cluster.ts";
import { withoutFormer } from "../../addons/record.ts";
import { type ClusterBase, type ClusterState, need, updateRecord } from "../state.ts";

/** Time that one addon may take: images are in the nodes by then. */
const limitMs = 300_000;

export const addons: Step<ClusterState, ClusterBase> = {
  id: "addons",
  title: "Enabling addons",
  timeoutMs: 3_600_000,
  plan: ({ record: { spec, formerAddons } }) => [
    ...Object.keys(formerAddons ?? {}).map((name) => `disable the addon ${name}`),
    ...Object.keys(spec.addons).map((name) => `enable the addon ${name}, unless it is as it should be`),
  ],
  async apply(s, c) {
    const nodes = s.nodes.map((node): LiveNode => ({
      name: node.name,
      withTransport: (use) => use(need(node, "transport")),
    }));
    const live = liveCluster(s.record, s.runtime, need(s, "api"), nodes);
    const removed = await removeFormer(s, live, c);
    const known = await knownAddons(s.paths.addons);
    const recorded = s.record.spec.addons;
    const isKnown = (name: string): boolean => known.some(({ addon }) => addon.name === name);
    for (const name of Object.keys(recorded).filter((one) => !isKnown(one)))
      s.notice(`the addon ${name} is not among those of this localkube; it is left as it is`, "warning");
    const names = Object.keys(recorded).filter(isKnown);
    const chosen = chooseAddons(names, { known, recorded, given: {} }, s.record);
    const got = await getImages(chosen, s.record, await presentFor(chosen, live, c.signal), c);
    await loadIntoNodes(got, live, c);
    let changed = removed || got.archives.size > 0;
    for (const one of chosen) {
      const { name } = one.folder.addon;
      const report: RunContext["report"] = (progress) =>
        c.report({ ...progress, message: `${name}: ${progress.message ?? ""}` });
      const { outcome, kept } = await applyAddon(
        one,
        got.byAddon.get(name)!,
        live,
        { limitMs, known },
        { ...c, report },
      );
      for (const sentence of kept) s.notice(sentence, "info");
      changed ||= outcome === "enabled";
    }
    return changed ? undefined : "unchanged";
  },
};

/** What was disabled while the cluster did not run, or by a call that was killed. */
async function removeFormer(s: ClusterState, live: LiveCluster, c: RunContext): Promise<boolean> {
  const former = Object.entries(s.record.formerAddons ?? {});
  for (const [name, { purge }] of former) {
    const kept = await removeAddon(name, purge, live, c);
    for (const sentence of kept ?? []) s.notice(sentence, "info");
    await updateRecord(s, (record) => withoutFormer(record, name));
  }
  return former.length > 0;
}
