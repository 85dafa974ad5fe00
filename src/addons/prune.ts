import { LocalkubeError } from "../contract/errors/localkube-error.ts";
import { poll } from "../host/poll.ts";
import type { Objects } from "../kube/objects.ts";
import type { KubeObject } from "../kube/api-client.ts";
import { isOf, isSame, type Member } from "./inventory.ts";
import { waveNames, waveOf } from "./waves.ts";

export interface PruneContext {
  readonly addon: string;
  /** Also what may hold data. */
  readonly purge: boolean;
  /** Uids of objects that stay whatever the record calls them. */
  readonly except?: ReadonlySet<string>;
  readonly objects: Objects;
  readonly signal: AbortSignal;
  readonly report: (text: string) => void;
}

export interface Kept {
  readonly member: Member;
  /** A sentence. */
  readonly why: string;
}

const goneMs = 60_000;
/** The garbage collector stands still for that long when an API of an addon comes or goes: it waits for the lists of all kinds. */
const collectedMs = 180_000;

/** `Deployment web/server` */
export const named = ({ kind, namespace, name }: Member): string =>
  `${kind} ${namespace === undefined ? "" : `${namespace}/`}${name}`;

/**
 * Removes members of an addon, what was applied last first, and waits until each wave is gone. An object that is not ours (label, uid) is left alone, and so
 * is what may hold data unless `purge`. Idempotent. Rejects with ADDON_REMAINS, naming what holds the first object that does not go.
 */
export async function prune(members: readonly Member[], context: PruneContext): Promise<readonly Kept[]> {
  const { objects, signal, report } = context;
  const kept: Kept[] = [];
  for (const wave of waveNames.toReversed()) {
    const part = members.filter(({ group, kind }) => waveOf({ apiVersion: `${group}/`, kind }) === wave);
    const going: { readonly member: Member; readonly uid: string }[] = [];
    for (const member of part) {
      const fate = await fateOf(member, context);
      if (!fate) continue;
      const { uid, why } = fate;
      if (why !== undefined) {
        kept.push({ member, why });
        continue;
      }
      report(`removing ${named(member)}`);
      await objects.remove(member, uid, signal);
      going.push({ member, uid });
    }
    for (const one of going) await gone(one, context);
  }
  return kept;
}

/** What `prune` would remove and keep now; what stays only for objects that it would remove first is among the kept ones. Read-only. */
export async function wouldPrune(
  members: readonly Member[],
  context: Omit<PruneContext, "report">,
): Promise<{ readonly removed: readonly Member[]; readonly kept: readonly Kept[] }> {
  const removed: Member[] = [];
  const kept: Kept[] = [];
  for (const member of members) {
    const fate = await fateOf(member, context);
    if (fate?.why !== undefined) kept.push({ member, why: fate.why });
    else if (fate) removed.push(member);
  }
  return { removed, kept };
}

/** Undefined for what is not there, or is not ours; `why`, a sentence, for what stays. */
async function fateOf(
  member: Member,
  context: Omit<PruneContext, "report">,
): Promise<{ readonly uid: string; readonly why?: string } | undefined> {
  const { addon, purge, except, objects, signal } = context;
  const found = await objects.find(member, signal);
  const uid = String(found?.metadata["uid"]);
  if (!found || !isSame(found, member, addon) || except?.has(uid)) return undefined;
  const data = purge ? undefined : await dataOf(found, member, context);
  return data === undefined ? { uid } : { uid, why: `${named(member)} stays, because it ${data}` };
}

/** What of a user would go with an object, as the rest of a sentence; undefined when nothing would. */
async function dataOf(
  found: KubeObject,
  { group, kind, name }: Member,
  { addon, objects, signal }: Omit<PruneContext, "report">,
): Promise<string | undefined> {
  switch (`${group}/${kind}`) {
    case "/PersistentVolumeClaim":
    case "/PersistentVolume":
      return "holds data";
    case "/Namespace":
      return told((await objects.inNamespace(name, signal)).filter((one) => isSomebodys(one, addon)));
    case "apiextensions.k8s.io/CustomResourceDefinition":
      return told((await objects.ofDefinition(found, signal)).filter((one) => !isOf(one, addon)));
    default:
      return undefined;
  }
}

const told = ([first, ...others]: readonly KubeObject[]): string | undefined =>
  first && `has ${first.kind} ${first.metadata.name}${others.length > 0 ? ` and ${others.length} more` : ""}`;

/** What every namespace has, and what controllers keep for themselves, is nobody's data. */
const everywhere = ["ServiceAccount default", "ConfigMap kube-root-ca.crt"];
const ofControllers = ["Event", "Lease", "Endpoints", "EndpointSlice"];

function isSomebodys(object: KubeObject, addon: string): boolean {
  const { kind, metadata } = object;
  // Also one of ours: it stayed for its data, and would go with the namespace.
  if (kind === "PersistentVolumeClaim") return true;
  const { ownerReferences = [] } = metadata as { ownerReferences?: readonly unknown[] };
  const isToken = kind === "Secret" && object["type"] === "kubernetes.io/service-account-token";
  return !(
    isOf(object, addon) ||
    ownerReferences.length > 0 ||
    isToken ||
    ofControllers.includes(kind) ||
    everywhere.includes(`${kind} ${metadata.name}`)
  );
}

async function gone(
  { member, uid }: { readonly member: Member; readonly uid: string },
  { addon, objects, signal }: PruneContext,
): Promise<void> {
  let finalizers: readonly string[] = [];
  const isGone = async (): Promise<true | undefined> => {
    const found = await objects.find(member, signal);
    if (!found || found.metadata["uid"] !== uid) return true;
    finalizers = (found.metadata["finalizers"] ?? []) as readonly string[];
    return undefined;
  };
  if (await poll(isGone, { signal, everyMs: 250, limitMs: goneMs })) return;
  const isCollected = finalizers.every((name) => name === "foregroundDeletion");
  if (isCollected && (await poll(isGone, { signal, everyMs: 1000, limitMs: collectedMs }))) return;
  throw new LocalkubeError("ADDON_REMAINS", {
    addon,
    object: named(member),
    seconds: (isCollected ? goneMs + collectedMs : goneMs) / 1000,
    finalizers: finalizers.join(", ") || "nothing that it names",
  });
}
