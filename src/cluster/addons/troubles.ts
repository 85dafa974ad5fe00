import {
  inventoryNamespace,
  isOf,
  type Inventory,
  type Member,
  readInventory,
} from "../../addons/inventory.ts";
import { named } from "../../addons/prune.ts";
import { lacking } from "../../addons/rollout.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { ApiClient, ApiRequest, KubeObject } from "../../kube/api-client.ts";
import type { ClusterRecord } from "../../state/cluster-record.ts";

/** An addon that is not as it should be. */
export interface AddonTrouble {
  readonly name: string;
  readonly state: "degraded" | "drifted";
  /** A clause. */
  readonly problem: string;
}

/** What record and inventory say against each other, as a clause; undefined for an addon that was enabled to its end. Pure. */
export function interruption(isRecorded: boolean, inventory: Inventory | undefined): string | undefined {
  if (!inventory) return "it is on record, but the cluster has nothing of it; start applies it";
  if (!isRecorded || inventory.phase === "disabling") return "disabling it was interrupted";
  return inventory.phase === "enabling" ? "enabling it was interrupted, or failed" : undefined;
}

const workloads = {
  Deployment: "deployments",
  DaemonSet: "daemonsets",
  StatefulSet: "statefulsets",
} as const;

/**
 * The addons that are known to be degraded or drifted, by four requests at once whatever the number of addons: the inventories, and the workloads with the label of an addon. What else
 * an addon consists of is not looked at, and nothing is probed; `addons list` and `addons test` do that. Read-only. Rejects with API_REFUSED or API_UNREACHABLE.
 */
export async function addonTroubles(
  { spec, formerAddons = {} }: Pick<ClusterRecord, "spec" | "formerAddons">,
  api: Pick<ApiClient, "get">,
  options: ApiRequest,
): Promise<readonly AddonTrouble[]> {
  const list = async (path: string): Promise<readonly KubeObject[]> =>
    (await api.get<{ readonly items: readonly KubeObject[] }>(path, options))?.items ?? [];
  const [maps, ...ofKinds] = await Promise.all([
    list(`/api/v1/namespaces/${inventoryNamespace}/configmaps`),
    ...Object.entries(workloads).map(async ([kind, plural]) =>
      (await list(`/apis/apps/v1/${plural}?labelSelector=applyset.kubernetes.io/part-of`)).map((one) => ({
        ...one,
        kind,
      })),
    ),
  ]);
  const found = ofKinds.flat();
  const inventories = new Map(
    maps.filter(isInventory).map((map) => [map.metadata.name, readable(map)] as const),
  );
  const recorded = Object.keys(spec.addons);
  const names = new Set([...recorded, ...Object.keys(formerAddons), ...inventories.keys()]);
  return [...names].sort().flatMap((name): readonly AddonTrouble[] => {
    const inventory = inventories.get(name);
    if (inventory instanceof LocalkubeError) return [{ name, state: "degraded", problem: inventory.message }];
    // Cluster DNS and a pod network are not on record: every cluster has them.
    const isOwn = recorded.includes(name);
    const broken = isOwn || name in formerAddons ? interruption(isOwn, inventory) : undefined;
    if (broken !== undefined) return [{ name, state: "degraded", problem: broken }];
    const trouble = inventory && (workloadTrouble(name, inventory, found) ?? probeTrouble(inventory));
    return trouble ? [{ name, ...trouble }] : [];
  });
}

/** The namespace has its own ConfigMaps, too. */
const isInventory = ({ metadata }: KubeObject): boolean =>
  Object.hasOwn(metadata["labels"] ?? {}, "applyset.kubernetes.io/id");

function readable(map: KubeObject): Inventory | LocalkubeError {
  try {
    return readInventory(map);
  } catch (error) {
    if (error instanceof LocalkubeError) return error;
    throw error;
  }
}

function workloadTrouble(
  addon: string,
  { members }: Inventory,
  found: readonly KubeObject[],
): Omit<AddonTrouble, "name"> | undefined {
  for (const member of members.filter(({ group, kind }) => group === "apps" && kind in workloads)) {
    const object = found.find((one) => isNamed(one, member));
    if (!object || !isOf(object, addon) || object.metadata["uid"] !== (member.uid ?? object.metadata["uid"]))
      return { state: "drifted", problem: `${named(member)} is gone, or was made again by somebody else` };
    const lack = lacking(object);
    if (lack !== undefined) return { state: "degraded", problem: `${named(member)}: ${lack}` };
  }
  return undefined;
}

const isNamed = ({ kind, metadata }: KubeObject, member: Member): boolean =>
  kind === member.kind && metadata.name === member.name && metadata.namespace === member.namespace;

const probeTrouble = ({ probe }: Inventory): Omit<AddonTrouble, "name"> | undefined =>
  probe && !probe.passed ? { state: "degraded", problem: probe.detail } : undefined;
