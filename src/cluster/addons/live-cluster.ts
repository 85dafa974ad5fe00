import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import { firstNode } from "../../contract/node.ts";
import type { Runtime } from "../../contract/runtime.ts";
import type { Transport } from "../../contract/transport.ts";
import type { ApiClient } from "../../kube/api-client.ts";
import { Objects } from "../../kube/objects.ts";
import { waitForDns } from "../../provision/cluster/wait-for-dns.ts";
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
  /** Whether cluster DNS has an address for the name now, asked through its Service. */
  resolves(name: string, signal: AbortSignal): Promise<boolean>;
}

export interface LiveNode {
  readonly name: string;
  /** Runs `work` with a connection to the node. */
  withTransport<T>(work: (transport: Transport) => Promise<T>): Promise<T>;
}

/** Of the field manager under which addons are applied: users and other programs see whose fields these are. */
const addonManager = "localkube-addons";

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

/** A cluster with a client of its API, which the caller closes. */
export const liveCluster = (
  record: ClusterRecord,
  runtime: Runtime,
  api: ApiClient,
  nodes: readonly LiveNode[],
): LiveCluster => ({
  ...{ record, runtime, api, nodes },
  objects: new Objects(api, addonManager),
  resolves: (name, signal) => resolves(name, record.addresses.clusterDns, nodes, signal),
});

const answerMs = 3000;

async function resolves(
  name: string,
  address: string,
  nodes: readonly LiveNode[],
  signal: AbortSignal,
): Promise<boolean> {
  const deadline = AbortSignal.timeout(answerMs);
  const whose = { signal: AbortSignal.any([signal, deadline]), emulated: false };
  try {
    await firstNode({ nodes }).withTransport((transport) => waitForDns(transport, address, name, whose));
    return true;
  } catch (error) {
    if (deadline.aborted && !signal.aborted) return false;
    throw error;
  }
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
    const nodes = cluster.nodes.map((node): LiveNode => ({
      name: node.name,
      withTransport: (use) => withTransport(node, context, use),
    }));
    return await work(liveCluster(cluster.record, runtimeOf(cluster.record), api, nodes));
  } finally {
    api.close();
  }
}
