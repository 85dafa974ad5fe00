import type { Objects } from "../kube/objects.ts";
import { type Inventory, inventoryNamespace, inventoryObject, readInventory } from "./inventory.ts";

const id = (addon: string) => ({ group: "", kind: "ConfigMap", namespace: inventoryNamespace, name: addon });

/** What the cluster has on record of an addon; undefined when it was never enabled, or is gone. Rejects with ADDON_INVENTORY_DAMAGED or API_REFUSED. */
export async function loadInventory(
  objects: Objects,
  addon: string,
  signal: AbortSignal,
): Promise<Inventory | undefined> {
  const found = await objects.find(id(addon), signal);
  return found && readInventory(found);
}

/** Written before what it speaks of is done; the first one of an addon makes sure of the namespace. Rejects with API_REFUSED. */
export async function saveInventory(
  objects: Objects,
  addon: string,
  inventory: Inventory,
  { signal, isFirst }: { readonly signal: AbortSignal; readonly isFirst: boolean },
): Promise<void> {
  const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: inventoryNamespace } };
  if (isFirst) await objects.apply(namespace, signal);
  await objects.apply(inventoryObject(addon, inventory), signal);
}

/** The last act of disabling. Idempotent. */
export async function forgetInventory(objects: Objects, addon: string, signal: AbortSignal): Promise<void> {
  const found = await objects.find(id(addon), signal);
  const uid = found?.metadata["uid"];
  if (typeof uid === "string") await objects.remove(id(addon), uid, signal);
}
