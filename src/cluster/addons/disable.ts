import { addonByName, type AddonFolder, withNeeds } from "../../addons/catalogue.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import { type Job, runJobs } from "../../pipeline/run-jobs.ts";
import { withProfileLock } from "../../state/lock.ts";
import { loadCluster, saveCluster } from "../../state/store.ts";
import { openCluster } from "../access/open-cluster.ts";
import { notice, type UseCaseContext } from "../access/use-case.ts";
import { removeAddon } from "./apply.ts";
import { rowFor } from "./choose.ts";
import { applyDnsZones, mayHaveZones } from "./dns.ts";
import { knownAddons } from "./known-addons.ts";
import { forgetOwnFolder } from "./own-folder.ts";
import { hasNodeParts, nodesJob } from "./nodes.ts";
import { withFormer, withoutFormer, withRecordedAddons } from "./record.ts";
import { isLive, type LiveCluster, withLiveCluster } from "./live-cluster.ts";

export interface DisableRequest {
  readonly name: string;
  readonly addons: readonly string[];
  /** Also what may hold data. */
  readonly purge: boolean;
}

export interface DisabledAddon {
  readonly name: string;
  /** `absent`: it was not enabled. */
  readonly outcome: "disabled" | "recorded" | "absent";
  /** What stays because it may hold data, as sentences. */
  readonly kept: readonly string[];
}

export interface DisableResult {
  readonly name: string;
  readonly addons: readonly DisabledAddon[];
}

const disableMs = 900_000;

/**
 * Disables addons, those that need others first. Their entries leave the record before anything of them leaves the cluster: whoever is killed in the middle leaves what the next call,
 * or the next start, goes on from. In a cluster that does not run the next start removes them. Idempotent. Rejects with CLUSTER_UNKNOWN, ADDON_UNKNOWN, ADDON_NEEDED by one that stays,
 * or ADDON_REMAINS.
 */
export async function disableAddons(
  { name, addons, purge }: DisableRequest,
  context: UseCaseContext,
): Promise<DisableResult> {
  const command = "localkube addons disable";
  const lock = { command, signal: context.signal, onWait: (text: string) => notice(context, text) };
  return withProfileLock(context.host, name, lock, async (signal) => {
    const inner = { ...context, signal };
    const cluster = await openCluster(name, inner);
    const { record, paths } = cluster;
    const known = await knownAddons(paths.addons);
    const recorded = record.spec.addons;
    const isThere = (addon: string): boolean => addon in recorded || addon in (record.formerAddons ?? {});
    for (const addon of addons)
      if (!isThere(addon) && addonByName(addon, known).addon.always)
        throw new LocalkubeError("ADDON_ALWAYS", { addon });
    const staying = Object.keys(recorded).filter((addon) => !addons.includes(addon));
    refuseNeeded(addons.filter(isThere), staying, known);
    const going = dependentsFirst(addons, known);
    const live = await isLive(cluster, inner);
    const hadNodeParts = known.some((folder) => {
      const { name: addon } = folder.addon;
      const row = going.includes(addon) && addon in recorded ? rowFor(folder, record) : undefined;
      return row !== undefined && hasNodeParts({ row });
    });
    const left = Object.entries(recorded).filter(([addon]) => !going.includes(addon));
    const changed = withFormer(
      withRecordedAddons(record, Object.fromEntries(left), purge),
      going.filter(isThere),
      purge,
    );
    await saveCluster(context.host, changed);
    if (!live)
      return {
        name,
        addons: going.map((addon) => ({
          name: addon,
          outcome: isThere(addon) ? "recorded" : "absent",
          kept: [],
        })),
      };
    return withLiveCluster({ ...cluster, record: changed }, inner, async (api) => {
      const done = new Map<string, DisabledAddon>();
      // First: a flag may let no pod run, and a name lead nowhere, without what is about to be removed.
      const nodes = hadNodeParts ? [nodesJob(name, inner, [])] : [];
      const hadZones = known.some((folder) => going.includes(folder.addon.name) && mayHaveZones(folder));
      const zones = hadZones ? [zonesJob(api, known)] : [];
      const first = [...nodes, ...zones.map((job) => ({ ...job, after: nodes.map(({ id }) => id) }))];
      const needs = (one: string, other: string): boolean =>
        known.find(({ addon }) => addon.name === one)?.addon.needs.includes(other) ?? false;
      // One after the other: each changes what the one before has written.
      let saved: Promise<void> = Promise.resolve();
      const forget = (addon: string): Promise<void> => {
        saved = saved.then(async () => {
          const current = (await loadCluster(context.host, name)) ?? changed;
          await saveCluster(context.host, withoutFormer(current, addon));
        });
        return saved;
      };
      const jobs = going.map((addon): Job => ({
        id: idOf(addon),
        title: `Disabling ${addon}`,
        after: [...first.map(({ id }) => id), ...going.filter((one) => needs(one, addon)).map(idOf)],
        timeoutMs: disableMs,
        apply: async (c) => {
          const kept = await removeAddon(addon, purge, api, c);
          if (!kept?.length) await forgetOwnFolder(paths, addon);
          await forget(addon);
          const outcome = kept || isThere(addon) ? "disabled" : "absent";
          done.set(addon, { name: addon, outcome, kept: kept ?? [] });
          return kept ? undefined : "unchanged";
        },
      }));
      await runJobs([...first, ...jobs], { ...inner, command: "addons disable", profile: name });
      return { name, addons: going.flatMap((addon) => done.get(addon) ?? []) };
    });
  });
}

function refuseNeeded(
  going: readonly string[],
  staying: readonly string[],
  known: readonly AddonFolder[],
): void {
  for (const addon of going) {
    const others = staying.filter((one) =>
      known.find((other) => other.addon.name === one)?.addon.needs.includes(addon),
    );
    if (others.length > 0) throw new LocalkubeError("ADDON_NEEDED", { addon, others: others.join(" ") });
  }
}

const idOf = (addon: string): string => `addon-${addon}`;

const zonesJob = (live: LiveCluster, known: readonly AddonFolder[]): Omit<Job, "after"> => ({
  id: "addon-zones",
  title: "Telling cluster DNS",
  timeoutMs: disableMs,
  apply: ({ signal, report }) =>
    applyDnsZones(live, known, { signal, report: (message) => report({ message }) }),
});

/** Each before those that it needs; one that is not known comes first. */
function dependentsFirst(addons: readonly string[], known: readonly AddonFolder[]): readonly string[] {
  const unique = [...new Set(addons)];
  const isKnown = (name: string): boolean => known.some(({ addon }) => addon.name === name);
  const ordered = withNeeds(unique.filter(isKnown), known).map(({ addon }) => addon.name);
  return [
    ...unique.filter((name) => !isKnown(name)),
    ...ordered.filter((name) => unique.includes(name)).reverse(),
  ];
}
