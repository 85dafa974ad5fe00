import { LocalkubeError } from "../contract/errors/localkube-error.ts";
import type { KubeObject } from "../kube/api-client.ts";
import type { Objects } from "../kube/objects.ts";
import { type AddonPlan, isInForce } from "./enable.ts";
import { type Inventory, labelled, type Member, memberOf, surplus } from "./inventory.ts";
import { loadInventory } from "./inventory-store.ts";
import { type Kept, wouldPrune } from "./prune.ts";
import { groupOf } from "./waves.ts";

/** What enabling would do with objects of the cluster. */
export interface ObjectChanges {
  readonly added: readonly Member[];
  readonly changed: readonly Member[];
  readonly removed: readonly Member[];
  /** Of an earlier version, because they may hold data. */
  readonly kept: readonly Kept[];
}

const nothing: ObjectChanges = { added: [], changed: [], removed: [], kept: [] };

/**
 * What `enableAddon` would do for this plan, as the API server says when it is asked without being told to do it; an object whose kind or namespace comes with the addon is only looked
 * for. Read-only. Rejects with API_REFUSED or API_KIND_UNKNOWN for what the server would not take.
 */
export async function previewAddon(
  plan: AddonPlan,
  { objects, signal }: { readonly objects: Objects; readonly signal: AbortSignal },
): Promise<ObjectChanges> {
  const before = await loadInventory(objects, plan.name, signal);
  if (before && (await isInForce(plan, before, { objects, signal, isProbed: true }))) return nothing;
  const wanted = plan.objects.map((object) => labelled(object, plan.name));
  const added: Member[] = [];
  const changed: Member[] = [];
  const uids = new Set<string>();
  for (const object of wanted) {
    const member = memberOf(object);
    const found = await objects.find(member, signal);
    if (found) uids.add(String(found.metadata["uid"]));
    const isChanged = await wouldChange(object, found !== undefined, wanted, { objects, signal });
    if (!found) added.push(member);
    else if (isChanged) changed.push(member);
  }
  const members = surplus(recordedOf(before), wanted.map(memberOf));
  const context = { addon: plan.name, purge: false, except: uids, objects, signal };
  const { removed, kept } = await wouldPrune(members, context);
  return { added, changed, removed, kept };
}

const recordedOf = (before: Inventory | undefined): readonly Member[] => before?.members ?? [];

async function wouldChange(
  object: KubeObject,
  exists: boolean,
  wanted: readonly KubeObject[],
  { objects, signal }: { readonly objects: Objects; readonly signal: AbortSignal },
): Promise<boolean> {
  try {
    return (await objects.apply(object, signal, { dryRun: true })).changed;
  } catch (error) {
    if (exists || !(error instanceof LocalkubeError)) throw error;
    const isOfAddon =
      error.id === "API_KIND_UNKNOWN" ? definesKind(wanted, object) : hasNamespace(wanted, object);
    if (!isOfAddon) throw error;
    return true;
  }
}

const definesKind = (wanted: readonly KubeObject[], { apiVersion, kind }: KubeObject): boolean =>
  wanted.some((one) => {
    if (one.kind !== "CustomResourceDefinition") return false;
    const { group, names } = one["spec"] as {
      readonly group: string;
      readonly names: { readonly kind?: string };
    };
    return group === groupOf(apiVersion) && (names.kind ?? kind) === kind;
  });

/** Its namespace is not there yet: the server knows nothing to compare with. */
const hasNamespace = (wanted: readonly KubeObject[], { metadata }: KubeObject): boolean =>
  wanted.some(({ kind, metadata: { name } }) => kind === "Namespace" && name === metadata.namespace);
