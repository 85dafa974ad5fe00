import { Objects } from "../../../kube/objects.ts";
import type { RunContext } from "../../../contract/host.ts";
import type { Step } from "../../../contract/step.ts";
import { applyAddon } from "../../addons/apply.ts";
import { chooseAddons, knownAddons } from "../../addons/choose.ts";
import { removeAddon, withoutFormer } from "../../addons/disable.ts";
import { getContent, imagesOf, loadIntoNodes, presentInAll } from "../../addons/images.ts";
import { addonManager, type LiveCluster } from "../../addons/live-cluster.ts";
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
    const live = liveCluster(s);
    const removed = await removeFormer(s, live, c);
    const known = await knownAddons(s.paths.addons);
    const recorded = s.record.spec.addons;
    const isKnown = (name: string): boolean => known.some(({ addon }) => addon.name === name);
    for (const name of Object.keys(recorded).filter((one) => !isKnown(one)))
      s.notice(`the addon ${name} is not among those of this localkube; it is left as it is`, "warning");
    const names = Object.keys(recorded).filter(isKnown);
    const chosen = chooseAddons(names, { known, recorded, given: {} }, s.record);
    const needsImages = chosen.some((one) => imagesOf(one).length > 0);
    const present = needsImages ? await presentInAll(live, c.signal) : new Set<string>();
    const got = await getContent(chosen, s.record, present, c);
    await loadIntoNodes(got, live, c);
    let changed = removed || got.archives.size > 0;
    for (const one of chosen) {
      const { name } = one.folder.addon;
      const report: RunContext["report"] = (progress) =>
        c.report({ ...progress, message: `${name}: ${progress.message ?? ""}` });
      const { outcome, kept } = await applyAddon(one, got, live, limitMs, { ...c, report });
      for (const sentence of kept) s.notice(sentence, "info");
      changed ||= outcome === "enabled";
    }
    return changed ? undefined : "unchanged";
  },
};

function liveCluster(s: ClusterState): LiveCluster {
  const api = need(s, "api");
  return {
    record: s.record,
    runtime: s.runtime,
    api,
    objects: new Objects(api, addonManager),
    nodes: s.nodes.map((node) => ({
      name: node.name,
      withTransport: (use) => use(need(node, "transport")),
    })),
  };
}

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
