import type { Objects } from "../kube/objects.ts";
import { forgetInventory, loadInventory, saveInventory } from "./inventory-store.ts";
import { type Kept, prune } from "./prune.ts";

export interface DisableContext {
  readonly objects: Objects;
  readonly signal: AbortSignal;
  readonly report: (text: string) => void;
}

/**
 * Removes everything of an addon that is on record, whatever version of it localkube has now, and then the record. What may hold data stays and is
 * told, unless `purge`. Resolves with undefined for an addon that is not enabled. Whoever is killed in the middle leaves a record from which the next call
 * goes on. Rejects with ADDON_REMAINS, ADDON_INVENTORY_DAMAGED or API_REFUSED.
 */
export async function disableAddon(
  addon: string,
  purge: boolean,
  { objects, signal, report }: DisableContext,
): Promise<readonly Kept[] | undefined> {
  const inventory = await loadInventory(objects, addon, signal);
  if (!inventory) return undefined;
  await saveInventory(objects, addon, { ...inventory, phase: "disabling" }, { signal, isFirst: false });
  const kept = await prune(inventory.members, { addon, purge, objects, signal, report });
  await forgetInventory(objects, addon, signal);
  return kept;
}
