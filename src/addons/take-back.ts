import type { KubeObject } from "../kube/api-client.ts";
import type { Objects } from "../kube/objects.ts";
import { type DisableContext, disableAddon } from "./disable.ts";
import { type Inventory, isSame, labelled, type Member, memberOf, surplus, union } from "./inventory.ts";
import { loadInventory, saveInventory } from "./inventory-store.ts";
import { type Kept, prune } from "./prune.ts";
import { inWaves } from "./waves.ts";

/** What a cluster had of an addon. */
export interface AddonBefore {
  /** Absent: it was not enabled. */
  readonly inventory?: Inventory;
  /** What we had applied of its objects. Secrets may be among them. */
  readonly objects: readonly KubeObject[];
}

/** Everything by which the addon can be brought back to what it is now. Read-only. Rejects with ADDON_INVENTORY_DAMAGED or API_REFUSED. */
export async function rememberAddon(
  addon: string,
  { objects, signal }: { readonly objects: Objects; readonly signal: AbortSignal },
): Promise<AddonBefore> {
  const inventory = await loadInventory(objects, addon, signal);
  if (!inventory) return { objects: [] };
  const found = await Promise.all(inventory.members.map((member) => objects.find(member, signal)));
  const ours = found.filter(
    (object, index): object is KubeObject =>
      object !== undefined && isSame(object, inventory.members[index]!, addon),
  );
  return { inventory, objects: ours.map((object) => objects.appliedPart(object)) };
}

/**
 * Makes the cluster have of an addon what it had: its objects are applied as they were, what has come since is removed, and one that was not enabled is disabled. What may hold data stays
 * and is told. An addon that is as it was is left alone. Idempotent; whoever is killed in the middle leaves an inventory from which the next call of enable or disable goes on.
 * Rejects with API_REFUSED or ADDON_REMAINS.
 */
export async function takeBack(
  addon: string,
  before: AddonBefore,
  context: DisableContext,
): Promise<readonly Kept[]> {
  const { objects, signal, report } = context;
  const { inventory } = before;
  const now = await loadInventory(objects, addon, signal);
  if (JSON.stringify(now) === JSON.stringify(inventory)) return [];
  if (!inventory) return (await disableAddon(addon, false, context)) ?? [];
  const save = (members: readonly Member[], phase: Inventory["phase"]): Promise<void> =>
    saveInventory(
      objects,
      addon,
      { ...inventory, phase, members: [...members] },
      { signal, isFirst: now === undefined },
    );
  const wanted = before.objects.map((object) => labelled(object, addon));
  const recorded = now?.members ?? [];
  await save(union(recorded, wanted.map(memberOf)), "enabling");
  const applied: Member[] = [];
  for (const { wave, objects: part } of inWaves(wanted)) {
    report(`applying ${wave} as they were`);
    for (const object of part) applied.push(memberOf((await objects.apply(object, signal)).object));
  }
  const kept = await prune(surplus(recorded, applied), {
    ...{ addon, purge: false, objects, signal, report },
    except: new Set(applied.flatMap(({ uid }) => uid ?? [])),
  });
  await save([...applied, ...kept.map(({ member }) => member)], inventory.phase);
  return kept;
}
