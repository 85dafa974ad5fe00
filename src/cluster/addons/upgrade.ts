import { addonByName } from "../../addons/catalogue.ts";
import { loadInventory } from "../../addons/inventory-store.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import { openCluster, type OpenCluster } from "../access/open-cluster.ts";
import type { UseCaseContext } from "../access/use-case.ts";
import { refuseIfPaused } from "../life/pause.ts";
import { rowFor } from "./choose.ts";
import { enableAddons } from "./enable.ts";
import { knownAddons } from "./known-addons.ts";
import { withLiveCluster } from "./live-cluster.ts";

export interface UpgradeRequest {
  readonly name: string;
  /** Empty: all that the cluster has. */
  readonly addons: readonly string[];
  readonly limitMs: number;
  readonly atomic: boolean;
}

export interface UpgradedAddon {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  readonly outcome: "upgraded" | "current";
  /** What the probe saw of a new version. */
  readonly seen?: string;
}

/**
 * Brings enabled addons whose version is not the one of this localkube to that one, and sees them work. A start does the same for all. Idempotent. Rejects with CLUSTER_UNKNOWN,
 * CLUSTER_NOT_RUNNING, ADDON_UNKNOWN, ADDON_NOT_ENABLED, or as `enableAddons`.
 */
export async function upgradeAddons(
  { name, addons, limitMs, atomic }: UpgradeRequest,
  context: UseCaseContext,
): Promise<{ readonly name: string; readonly addons: readonly UpgradedAddon[] }> {
  const cluster = await openCluster(name, context);
  await refuseIfPaused(cluster, context);
  const versions = await versionsOf(cluster, addons, context);
  const outdated = versions.filter(({ from, to, isWhole }) => from !== to || !isWhole);
  const request = { name, limitMs, atomic, set: {}, setFromFiles: {} };
  const names = outdated.map((one) => one.name);
  const done = names.length === 0 ? [] : (await enableAddons({ ...request, addons: names }, context)).addons;
  return {
    name,
    addons: versions.map(({ name: addon, from, to }) => {
      const result = done.find((one) => one.name === addon);
      const seen = result && "seen" in result ? { seen: result.seen } : {};
      return { name: addon, from, to, outcome: result ? "upgraded" : "current", ...seen };
    }),
  };
}

interface Versions {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  /** It was enabled to the end. */
  readonly isWhole: boolean;
}

/** Of those named, or of all that this localkube has something for; what is on record only has no version yet, and is left to the next start. */
async function versionsOf(
  cluster: OpenCluster,
  addons: readonly string[],
  context: UseCaseContext,
): Promise<readonly Versions[]> {
  const { record, paths } = cluster;
  const known = await knownAddons(paths.addons, addons);
  const recorded = record.spec.addons;
  for (const addon of addons)
    if (!(addonByName(addon, known).addon.name in recorded))
      throw new LocalkubeError("ADDON_NOT_ENABLED", { addon, name: record.spec.name });
  const names = addons.length > 0 ? addons : Object.keys(recorded);
  return withLiveCluster(cluster, context, async ({ objects }) => {
    const found: Versions[] = [];
    for (const addon of names) {
      const folder = known.find((one) => one.addon.name === addon);
      const row = folder && rowFor(folder, record);
      const inventory = row && (await loadInventory(objects, addon, context.signal));
      if (!inventory) continue;
      const isWhole = inventory.phase === "enabled";
      found.push({ name: addon, from: inventory.version, to: row.version, isWhole });
    }
    return found;
  });
}
