import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import { firstNode } from "../../contract/node.ts";
import type { Runtime } from "../../contract/runtime.ts";
import type { Transport } from "../../contract/transport.ts";
import type { ApiClient } from "../../kube/api-client.ts";
import { Objects } from "../../kube/objects.ts";
import { nameResolves } from "../../provision/cluster/wait-for-dns.ts";
import type { ClusterRecord } from "../../state/cluster-record.ts";
import {
  allCreated,
  apiClient,
  machineStatesOf,
  type OpenCluster,
  runningMachine,
  runtimeOf,
  withTransport,
} from "../access/open-cluster.ts";
import { ensureApiTunnel } from "../access/reach.ts";
import { quietly, type UseCaseContext } from "../access/use-case.ts";
import { refuseIfPaused } from "../life/pause.ts";

/** A cluster whose API answers, as addons need it. */
export interface LiveCluster {
  readonly record: ClusterRecord;
  readonly runtime: Runtime;
  readonly api: ApiClient;
  readonly objects: Objects;
  readonly nodes: readonly LiveNode[];
}

export interface LiveNode {
  readonly name: string;
  /** Runs `work` with a connection to the node. */
  withTransport<T>(work: (transport: Transport) => Promise<T>): Promise<T>;
}

/** Of the field manager under which addons are applied: users and other programs see whose fields these are. */
export const addonManager = "localkube-addons";

/**
 * Whether the cluster runs. Rejects with CLUSTER_BEING_DELETED, CLUSTER_PAUSED, and with CLUSTER_NOT_RUNNING when only some of its machines run or the state of one is
 * not known. Read-only.
 */
export async function isLive(cluster: OpenCluster, context: UseCaseContext): Promise<boolean> {
  const { record, nodes } = cluster;
  if (record.phase === "deleting")
    throw new LocalkubeError("CLUSTER_BEING_DELETED", { name: record.spec.name });
  const states = await machineStatesOf(cluster, quietly(context));
  if (states.every((state) => ["stopped", "absent", "saved"].includes(state))) return false;
  for (const node of allCreated(nodes)) await runningMachine(node, context);
  await refuseIfPaused(cluster, context);
  return true;
}

/** Runs `work` with the API and the nodes of a running cluster. */
export async function withLiveCluster<T>(
  cluster: OpenCluster,
  context: UseCaseContext,
  work: (live: LiveCluster) => Promise<T>,
): Promise<T> {
  const first = firstNode(cluster);
  const machine = await runningMachine(first, context);
  await ensureApiTunnel(machine, { ...context, paths: first.paths });
  const api = await apiClient(cluster, machine);
  try {
    return await work({
      record: cluster.record,
      runtime: runtimeOf(cluster.record),
      api,
      objects: new Objects(api, addonManager),
      nodes: cluster.nodes.map((node) => ({
        name: node.name,
        withTransport: (use) => withTransport(node, context, use),
      })),
    });
  } finally {
    api.close();
  }
}

/** How the probe of an addon asks cluster DNS: through the first node, as pods do. */
export const resolvesIn =
  ({ record, nodes }: Pick<LiveCluster, "record" | "nodes">) =>
  (name: string, signal: AbortSignal): Promise<boolean> =>
    nodes[0]!.withTransport((transport) =>
      nameResolves(transport, record.addresses.clusterDns, name, signal),
    );
