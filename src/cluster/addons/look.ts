import { addonByName, type AddonFolder } from "../../addons/catalogue.ts";
import type { AddonRow } from "../../addons/definition.ts";
import type { Inventory } from "../../addons/inventory.ts";
import { loadInventory } from "../../addons/inventory-store.ts";
import { awaitedOf, lackingNow } from "../../addons/rollout.ts";
import { secretCommand } from "../../addons/secrets.ts";
import { firstNode } from "../../contract/node.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { ClusterRecord } from "../../state/cluster-record.ts";
import { hasRecord } from "../../state/store.ts";
import { machineStatesOf, openCluster, type OpenCluster } from "../access/open-cluster.ts";
import { quietly, type UseCaseContext } from "../access/use-case.ts";
import { isPaused } from "../life/pause.ts";
import { rowFor } from "./choose.ts";
import { brokenAddons, knownAddons } from "./known-addons.ts";
import { type LiveCluster, withLiveCluster } from "./live-cluster.ts";
import { interruption } from "./troubles.ts";

export { addonJsonSchema } from "../../addons/json-schema.ts";

/**
 * `enabled`: on record, and the cluster does not run or does not answer, so nothing is known. `healthy`: everything is there and the last probe saw it work. `degraded`: something is
 * not rolled out, the last probe failed, or enabling or disabling was interrupted. `drifted`: an object of it was removed or made again by somebody else. `outdated`: this
 * localkube has another version of it. `disabled`: neither on record nor in the cluster.
 */
export type AddonState = "enabled" | "healthy" | "degraded" | "drifted" | "outdated" | "disabled";

export interface ListedAddon {
  readonly name: string;
  readonly summary: string;
  readonly state: AddonState;
  /** Why it is degraded, drifted or outdated, as a clause; or why its folder cannot be used, as a sentence. */
  readonly problem?: string;
  /** What the cluster has, else what it would get; absent when there is nothing for its Kubernetes and artifacts. */
  readonly version?: string;
  /** What a program of localkube's own does in place of the project's, as a clause; absent for the real thing. */
  readonly standIn?: string;
  readonly memoryMiB: number;
  readonly needs: readonly string[];
}

export interface AddonList {
  readonly name: string;
  /** Absent without a cluster. */
  readonly kubernetesVersion?: string;
  readonly addons: readonly ListedAddon[];
}

/** All addons that there are, with their state in the cluster if there is one. Read-only. */
export async function listAddons(name: string, context: UseCaseContext): Promise<AddonList> {
  if (!(await hasRecord(context.host, name))) {
    const known = await knownAddons();
    return { name, addons: known.map((folder) => described(folder, undefined)) };
  }
  const cluster = await openCluster(name, context);
  const { record, paths } = cluster;
  const known = await knownAddons(paths.addons);
  const states = await addonStates(cluster, known, context);
  const broken = await brokenAddons(paths.addons);
  const rest = Object.keys(record.spec.addons).filter(
    (one) => ![...known.map(({ addon }) => addon), ...broken].some(({ name: other }) => other === one),
  );
  const lost = rest.map((one): ListedAddon => ({
    name: one,
    summary: "not among the addons of this localkube",
    memoryMiB: 0,
    needs: [],
    ...(states.get(one) ?? { state: "enabled" }),
  }));
  const unusable = broken.map(({ name: one, error }): ListedAddon => ({
    name: one,
    summary: "its folder cannot be used",
    state: one in record.spec.addons ? "degraded" : "disabled",
    problem: error.message,
    memoryMiB: 0,
    needs: [],
  }));
  const addons = known.map((folder) => ({
    ...described(folder, record),
    ...(states.get(folder.addon.name) ?? {}),
  }));
  return { name, kubernetesVersion: record.kubernetesVersion, addons: [...addons, ...unusable, ...lost] };
}

function described(folder: AddonFolder, record: ClusterRecord | undefined): ListedAddon {
  const { name, summary, memoryMiB, needs } = folder.addon;
  const row = record && rowFor(folder, record);
  return {
    name,
    summary,
    state: "disabled",
    ...(row ? { version: row.version } : {}),
    ...(row?.standIn === undefined ? {} : { standIn: row.standIn }),
    memoryMiB,
    needs,
  };
}

type StateOf = Pick<ListedAddon, "state" | "problem" | "version">;

/** The states of the addons on record, and of those that the cluster has besides; by name. Read-only; a cluster that does not answer in time is no error. */
async function addonStates(
  cluster: OpenCluster,
  known: readonly AddonFolder[],
  context: UseCaseContext,
): Promise<ReadonlyMap<string, StateOf>> {
  const recorded = Object.keys(cluster.record.spec.addons);
  const isOn = known.filter(({ addon }) => addon.always).map(({ addon }) => addon.name);
  const unknown = new Map([...isOn, ...recorded].map((name) => [name, { state: "enabled" as const }]));
  const [first] = await machineStatesOf(
    { nodes: [firstNode(cluster)], driver: cluster.driver },
    quietly(context),
  );
  if (first !== "running" || (await isPaused(cluster, context))) return unknown;
  const former = Object.keys(cluster.record.formerAddons ?? {});
  const names = [...new Set([...isOn, ...recorded, ...former])];
  try {
    return await withLiveCluster(cluster, context, async (live) => {
      const states = new Map<string, StateOf>();
      for (const name of names) {
        const folder = known.find(({ addon }) => addon.name === name);
        const inventory = await loadInventory(live.objects, name, context.signal);
        const state = await stateIn(name, folder, inventory, live, context.signal);
        if (state) states.set(name, state);
      }
      return states;
    });
  } catch (error) {
    if (error instanceof LocalkubeError && error.id === "API_UNREACHABLE") return unknown;
    throw error;
  }
}

async function stateIn(
  name: string,
  folder: AddonFolder | undefined,
  inventory: Inventory | undefined,
  live: LiveCluster,
  signal: AbortSignal,
): Promise<StateOf | undefined> {
  const isAlways = folder?.addon.always ?? false;
  const isRecorded = isAlways || name in live.record.spec.addons;
  if (!inventory && !isRecorded) return undefined;
  const interrupted = interruption(isRecorded, inventory);
  if (!inventory)
    return { state: "degraded", ...(interrupted === undefined ? {} : { problem: interrupted }) };
  const { version } = inventory;
  const degraded = (problem: string): StateOf => ({ state: "degraded", problem, version });
  if (interrupted !== undefined) return degraded(interrupted);
  const drift = await driftOf(inventory, live, signal);
  if (drift !== undefined) return { state: "drifted", problem: drift, version };
  const lack = await lackOf(inventory, folder, live, signal);
  if (lack !== undefined) return degraded(lack);
  const row = folder && rowFor(folder, live.record);
  if (row && row.version !== version)
    return { state: "outdated", problem: `this localkube has ${row.version}`, version };
  return { state: "healthy", version };
}

/** What is not ready now, or what the last probe saw instead of a working addon. */
async function lackOf(
  { members, probe }: Inventory,
  folder: AddonFolder | undefined,
  { objects }: LiveCluster,
  signal: AbortSignal,
): Promise<string | undefined> {
  const awaited = awaitedOf({ wait: [] }, members.map(asObject), folder?.addon.namespace ?? "default");
  const [lack] = await lackingNow(awaited, { objects, signal });
  // What every cluster has is seen to work by its start.
  if (lack !== undefined || probe?.passed || (!probe && folder?.addon.always)) return lack;
  return probe?.detail ?? "it was never seen to work";
}

/** What is enough of an object to know what is waited for. */
export const asObject = ({ group, kind, namespace, name }: Inventory["members"][number]) => ({
  apiVersion: group,
  kind,
  metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
});

async function driftOf(
  { members }: Inventory,
  { objects }: LiveCluster,
  signal: AbortSignal,
): Promise<string | undefined> {
  const found = await Promise.all(members.map((member) => objects.find(member, signal)));
  for (const [index, member] of members.entries()) {
    const { kind, name, namespace, uid } = member;
    const named = `${kind} ${namespace === undefined ? "" : `${namespace}/`}${name}`;
    const now = found[index]?.metadata["uid"];
    if (now === undefined) return `${named} is gone`;
    if (uid !== undefined && now !== uid) return `${named} was made again by somebody else`;
  }
  return undefined;
}

export interface ShownAddon extends ListedAddon {
  readonly licence: string;
  readonly homepage: string;
  readonly namespace: string;
  readonly options: readonly {
    readonly name: string;
    readonly type: string;
    readonly choices?: readonly string[];
    /** As the cluster has it on record; absent for a default, and for secrets. */
    readonly value?: string;
    readonly default?: string | number | boolean;
    /** Of a secret that the cluster keeps: the command that reads it. */
    readonly read?: string;
    readonly secret: boolean;
    readonly why: string;
  }[];
  readonly rows: readonly Pick<AddonRow, "kubernetes" | "artifacts" | "version" | "when" | "images">[];
  /** What the last probe saw, and when. */
  readonly probe?: NonNullable<Inventory["probe"]>;
}

/** Everything about one addon. Read-only. Rejects with ADDON_UNKNOWN. */
export async function showAddon(name: string, addon: string, context: UseCaseContext): Promise<ShownAddon> {
  const hasCluster = await hasRecord(context.host, name);
  const cluster = hasCluster ? await openCluster(name, context) : undefined;
  const folder = addonByName(addon, await knownAddons(cluster?.paths.addons, [addon]));
  const { addons } = await listAddons(name, context);
  const listed = addons.find((one) => one.name === addon)!;
  const { licence, homepage, namespace, options, versions } = folder.addon;
  const recorded = cluster?.record.spec.addons[addon] ?? {};
  const isAnswering = cluster && ["healthy", "degraded", "drifted", "outdated"].includes(listed.state);
  const inventory = isAnswering
    ? await withLiveCluster(cluster, context, ({ objects }) => loadInventory(objects, addon, context.signal))
    : undefined;
  return {
    ...listed,
    licence,
    homepage,
    namespace,
    options: Object.entries(options).map(([key, option]) => ({
      name: key,
      type: option.type,
      ...(option.choices ? { choices: option.choices } : {}),
      ...(recorded[key] === undefined ? {} : { value: recorded[key] }),
      ...(option.default === undefined ? {} : { default: option.default }),
      ...(option.secret && inventory ? { read: secretCommand(name, addon, key) } : {}),
      secret: option.secret ?? false,
      why: option.why,
    })),
    rows: versions.map(({ kubernetes, artifacts, version, when, images }) => ({
      kubernetes,
      artifacts,
      version,
      when,
      images,
    })),
    ...(inventory?.probe ? { probe: inventory.probe } : {}),
  };
}

export interface ListedImage {
  readonly addon: string;
  readonly version: string;
  /** As the row names it. */
  readonly image: string;
}

/** The images that addons want: for the cluster if there is one, else of every row. Read-only. Rejects with ADDON_UNKNOWN. */
export async function addonImages(
  name: string,
  addon: string | undefined,
  context: UseCaseContext,
): Promise<readonly ListedImage[]> {
  const cluster = (await hasRecord(context.host, name)) ? await openCluster(name, context) : undefined;
  const known = await knownAddons(cluster?.paths.addons, addon === undefined ? [] : [addon]);
  const folders = addon === undefined ? known : [addonByName(addon, known)];
  const all = folders.flatMap((folder) => {
    const row = cluster && rowFor(folder, cluster.record);
    const rows = cluster ? (row ? [row] : []) : folder.addon.versions;
    return rows.flatMap(({ version, images }) =>
      Object.values(images).map((image) => ({ addon: folder.addon.name, version, image })),
    );
  });
  return [...new Map(all.map((one) => [JSON.stringify(one), one])).values()];
}
