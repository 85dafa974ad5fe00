import type { RunContext } from "../../contract/host.ts";
import { applyAddon } from "../addons/apply.ts";
import { chooseAddons, type ChosenAddon } from "../addons/choose.ts";
import { getImages, loadIntoNodes, presentFor } from "../addons/images.ts";
import { knownAddons } from "../addons/known-addons.ts";
import { type LiveCluster, liveCluster, type LiveNode } from "../addons/live-cluster.ts";
import { type ClusterState, need } from "./state.ts";

/** Time that one addon may take: images are in the nodes by then. */
const limitMs = 300_000;

/** Sentences for those of the addons on record that a step enables. Pure. */
export const enablingPlan = (recorded: readonly string[], names: readonly string[]): readonly string[] =>
  recorded
    .filter((name) => names.includes(name))
    .map((name) => `enable the addon ${name}, unless it is as it should be`);

/** The cluster as addons need it, by the connections that the start has. */
export const liveOf = (s: ClusterState): LiveCluster => {
  const nodes = s.nodes.map((node): LiveNode => ({
    name: node.name,
    withTransport: (use) => use(need(node, "transport")),
  }));
  return liveCluster(s.record, s.runtime, need(s, "api"), nodes);
};

/** The addons on record, and those of them that a step enables. */
export async function addonsOnRecord(
  s: ClusterState,
  isOfStep: (name: string) => boolean,
): Promise<{
  readonly all: readonly ChosenAddon[];
  readonly chosen: readonly ChosenAddon[];
  readonly unknown: readonly string[];
}> {
  const known = await knownAddons(s.paths.addons);
  const recorded = s.record.spec.addons;
  const [names, unknown] = [[] as string[], [] as string[]];
  for (const name of Object.keys(recorded))
    (known.some(({ addon }) => addon.name === name) ? names : unknown).push(name);
  const all = chooseAddons(names, { known, recorded, given: {} }, s.record);
  return { all, chosen: all.filter(({ folder }) => isOfStep(folder.addon.name)), unknown };
}

/** Whether anything had to be done. */
export async function enableOnRecord(
  chosen: readonly ChosenAddon[],
  s: ClusterState,
  live: LiveCluster,
  c: RunContext,
): Promise<boolean> {
  const known = await knownAddons(s.paths.addons);
  const got = await getImages(chosen, s.record, await presentFor(chosen, live, c.signal), c);
  await loadIntoNodes(got, live, c);
  let changed = got.archives.size > 0;
  const { wait, waitTimeoutSeconds } = s.record.spec;
  // Who does not wait for pods does not wait for these; the default ones also wait for the node.
  const limit = wait.includes("system-pods") ? Math.max(limitMs, waitTimeoutSeconds * 1000) : undefined;
  for (const one of chosen) {
    const { name } = one.folder.addon;
    const report: RunContext["report"] = (progress) =>
      c.report({ ...progress, message: `${name}: ${progress.message ?? ""}` });
    const { outcome, kept } = await applyAddon(
      one,
      got.byAddon.get(name)!,
      live,
      { limitMs: limit, known },
      { ...c, report },
    );
    for (const sentence of kept) s.notice(sentence, "info");
    changed ||= outcome === "enabled";
  }
  return changed;
}
