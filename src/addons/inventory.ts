import { createHash } from "node:crypto";
import * as v from "valibot";
import { LocalkubeError } from "../contract/errors/localkube-error.ts";
import type { KubeObject } from "../kube/api-client.ts";
import { groupOf } from "./waves.ts";

/** Where the inventories are: one ConfigMap for each addon, of its name. */
export const inventoryNamespace = "localkube-addons";
const dataKey = "inventory.json";

/** Marks every object of an addon as ours; kubectl's apply sets use the same label (KEP-3659), so that it can read what we made. */
const partOf = "applyset.kubernetes.io/part-of";

const member = v.object({
  group: v.string(),
  kind: v.string(),
  namespace: v.optional(v.string()),
  name: v.string(),
  /** Absent: it was about to be applied. */
  uid: v.optional(v.string()),
});

/** What is known of an addon in a cluster, kept in the cluster itself; written before anything is applied or removed. */
const schema = v.object({
  schema: v.literal(1),
  /** `enabling` and `disabling` were interrupted: the next call goes on. */
  phase: v.picklist(["enabling", "enabled", "disabling"]),
  version: v.string(),
  /** Over everything rendered: the same hash needs no apply. */
  hash: v.string(),
  /** As the user gave them, without secrets. */
  options: v.record(v.string(), v.string()),
  members: v.array(member),
  /** What the last probe saw. */
  probe: v.optional(
    v.object({ passed: v.boolean(), at: v.string(), milliseconds: v.number(), detail: v.string() }),
  ),
});

export type Inventory = v.InferOutput<typeof schema>;
export type Member = v.InferOutput<typeof member>;

/** The label of an addon's objects. Its id is made from the ConfigMap's name as KEP-3659 says. Pure. */
export function memberLabel(addon: string): Readonly<Record<string, string>> {
  const digest = createHash("sha256").update(`${addon}.${inventoryNamespace}.ConfigMap.`).digest("base64url");
  return { [partOf]: `applyset-${digest}-v1` };
}

/** The object with our label. Pure. */
export const labelled = (object: KubeObject, addon: string): KubeObject => ({
  ...object,
  metadata: {
    ...object.metadata,
    labels: { ...(object.metadata["labels"] as object | undefined), ...memberLabel(addon) },
  },
});

export const memberOf = ({ apiVersion, kind, metadata }: KubeObject): Member => ({
  group: groupOf(apiVersion),
  kind,
  ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
  name: metadata.name,
  ...(typeof metadata["uid"] === "string" ? { uid: metadata["uid"] } : {}),
});

const keyOf = ({ group, kind, namespace = "", name }: Member): string =>
  [group, kind, namespace, name].join("/");

/** Everything that may be there while an apply runs: what was, and what is about to be. Known uids are kept. Pure. */
export function union(before: readonly Member[], wanted: readonly Member[]): readonly Member[] {
  const all = new Map(before.map((one) => [keyOf(one), one]));
  for (const one of wanted) all.set(keyOf(one), { ...all.get(keyOf(one)), ...one });
  return [...all.values()];
}

/** Members of `before` that are not wanted any more. Pure. */
export function surplus(before: readonly Member[], wanted: readonly Member[]): readonly Member[] {
  const kept = new Set(wanted.map(keyOf));
  return before.filter((one) => !kept.has(keyOf(one)));
}

/**
 * Whether an object that was found is the one of the inventory: made by us (our label), and not another one that was made under its name since (uid). A
 * member without uid was about to be applied, so the label alone decides. Pure.
 */
export const isSame = (found: KubeObject, recorded: Member, addon: string): boolean =>
  isOf(found, addon) && (recorded.uid === undefined || recorded.uid === found.metadata["uid"]);

/** Whether we applied it as a part of that addon. Pure. */
export function isOf({ metadata }: KubeObject, addon: string): boolean {
  const labels = (metadata["labels"] ?? {}) as Readonly<Record<string, string>>;
  return labels[partOf] === memberLabel(addon)[partOf];
}

/** The ConfigMap, with what kubectl's apply sets want to know of a parent. Pure. */
export function inventoryObject(addon: string, inventory: Inventory): KubeObject {
  const groupKinds = inventory.members.map(({ group, kind }) => (group === "" ? kind : `${kind}.${group}`));
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      name: addon,
      namespace: inventoryNamespace,
      labels: { "applyset.kubernetes.io/id": memberLabel(addon)[partOf]! },
      annotations: {
        "applyset.kubernetes.io/tooling": "localkube/1",
        "applyset.kubernetes.io/contains-group-kinds": [...new Set(groupKinds)].sort().join(","),
        "applyset.kubernetes.io/additional-namespaces": [
          ...new Set(inventory.members.flatMap(({ namespace }) => namespace ?? [])),
        ]
          .sort()
          .join(","),
      },
    },
    data: { [dataKey]: JSON.stringify(inventory) },
  };
}

/** The inventory of a ConfigMap. Rejects with ADDON_INVENTORY_DAMAGED: nothing is removed by guessing. Pure. */
export function readInventory(object: KubeObject): Inventory {
  const text = (object["data"] as Readonly<Record<string, string>> | undefined)?.[dataKey];
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), schema), text);
  if (parsed.success) return parsed.output;
  throw new LocalkubeError("ADDON_INVENTORY_DAMAGED", {
    addon: object.metadata.name,
    namespace: inventoryNamespace,
    problem: parsed.issues[0].message,
  });
}
