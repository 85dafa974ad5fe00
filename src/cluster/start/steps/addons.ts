import { LocalkubeError } from "../../../contract/errors/localkube-error.ts";
import type { RunContext } from "../../../contract/host.ts";
import type { Step } from "../../../contract/step.ts";
import { applyAddon, removeAddon } from "../../addons/apply.ts";
import { chooseAddons, type ChosenAddon } from "../../addons/choose.ts";
import { brokenAddons, knownAddons } from "../../addons/known-addons.ts";
import { getImages, loadIntoNodes, presentFor } from "../../addons/images.ts";
import { type LiveCluster, liveCluster, type LiveNode } from "../../addons/live-cluster.ts";
import { forgetOwnFolder } from "../../addons/own-folder.ts";
import { withoutFormer } from "../../addons/record.ts";
import { type ClusterBase, type ClusterState, need, updateRecord } from "../state.ts";

/** Time that one addon may take: images are in the nodes by then. */
const limitMs = 300_000;

/**
 * Beside the wait for the cluster: what every new cluster has must not cost its start, so that its pods start together with those of the cluster; and where a flag lets no pod run without what
 * an addon applies, the cluster's own wait for that too.
 */
export const firstAddons: Step<ClusterState, ClusterBase> = {
  id: "first-addons",
  title: "Enabling the first addons",
  timeoutMs: 3_600_000,
  plan: ({ record: { spec }, firstAddons: names }) => planOf(Object.keys(spec.addons), names),
  async apply(s, c) {
    const live = liveState(s);
    const { all, chosen } = await chosenOf(s, (name) => s.firstAddons.includes(name));
    const needed = new Set(all.flatMap(({ folder }) => folder.addon.needs));
    const isWanted = ({ folder: { addon } }: ChosenAddon): boolean =>
      !addon.default || needed.has(addon.name);
    try {
      return (await enable(chosen, s, live, c)) ? undefined : "unchanged";
    } catch (error) {
      // Nobody asked for these, so that their images cannot be had is no reason against the cluster; the next start tries again.
      if (!(error instanceof LocalkubeError) || error.id !== "ADDON_IMAGE_MISSING" || chosen.some(isWanted))
        throw error;
      s.notice(`${error.message}; the cluster is without it`, "warning");
      return "unchanged";
    }
  },
};

export const addons: Step<ClusterState, ClusterBase> = {
  id: "addons",
  title: "Enabling addons",
  timeoutMs: 3_600_000,
  plan: ({ record: { spec, formerAddons }, firstAddons: names }) => [
    ...Object.keys(formerAddons ?? {}).map((name) => `disable the addon ${name}`),
    ...planOf(
      Object.keys(spec.addons),
      Object.keys(spec.addons).filter((name) => !names.includes(name)),
    ),
  ],
  async apply(s, c) {
    const live = liveState(s);
    const removed = await removeFormer(s, live, c);
    const { chosen, unknown } = await chosenOf(s, (name) => !s.firstAddons.includes(name));
    const broken = unknown.length === 0 ? [] : await brokenAddons(s.paths.addons);
    for (const name of unknown) {
      const why = broken.find((one) => one.name === name)?.error.message;
      const problem = why ?? `The addon ${name} is not among those of this localkube`;
      s.notice(`${problem}; it is left as it is`, "warning");
    }
    return (await enable(chosen, s, live, c)) || removed ? undefined : "unchanged";
  },
};

const planOf = (recorded: readonly string[], names: readonly string[]): readonly string[] =>
  recorded
    .filter((name) => names.includes(name))
    .map((name) => `enable the addon ${name}, unless it is as it should be`);

const liveState = (s: ClusterState): LiveCluster => {
  const nodes = s.nodes.map((node): LiveNode => ({
    name: node.name,
    withTransport: (use) => use(need(node, "transport")),
  }));
  return liveCluster(s.record, s.runtime, need(s, "api"), nodes);
};

/** The addons on record, and those of them that a step enables. */
async function chosenOf(
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
async function enable(
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

/** What was disabled while the cluster did not run, or by a call that was killed. */
async function removeFormer(s: ClusterState, live: LiveCluster, c: RunContext): Promise<boolean> {
  const former = Object.entries(s.record.formerAddons ?? {});
  for (const [name, { purge }] of former) {
    const kept = await removeAddon(name, purge, live, c);
    if (!kept?.length) await forgetOwnFolder(s.paths, name);
    for (const sentence of kept ?? []) s.notice(sentence, "info");
    await updateRecord(s, (record) => withoutFormer(record, name));
  }
  return former.length > 0;
}
