import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { Transport } from "../../contract/transport.ts";
import { freezeNode, isFrozen, thawNode } from "../../provision/guest/freeze.ts";
import { withProfileLock } from "../../state/lock.ts";
import { saveCluster } from "../../state/store.ts";
import {
  nodeOf,
  type OpenCluster,
  openCluster,
  type OpenNode,
  startOrder,
  stopOrder,
  withTransport,
} from "../access/open-cluster.ts";
import { notice, type UseCaseContext } from "../access/use-case.ts";

export interface PauseResult {
  readonly name: string;
  readonly paused: boolean;
}

/**
 * Freezes (or thaws) pods and control plane; they keep their memory and use no CPU. A reboot of the machine thaws them, too. Idempotent,
 * also after a call that was killed. Rejects with CLUSTER_UNKNOWN, CLUSTER_NOT_RUNNING, CLUSTER_BEING_DELETED, CLUSTER_PAUSE_FAILED (the
 * cluster keeps running) or CLUSTER_UNPAUSE_FAILED.
 */
export async function setPaused(
  name: string,
  paused: boolean,
  context: UseCaseContext,
): Promise<PauseResult> {
  const command = paused ? "localkube pause" : "localkube unpause";
  const lock = { command, signal: context.signal, onWait: (text: string) => notice(context, text) };
  return withProfileLock(context.host, name, lock, async (signal) => {
    const inner = { ...context, signal };
    const cluster = await openCluster(name, inner);
    const { record } = cluster;
    if (record.phase === "deleting") throw new LocalkubeError("CLUSTER_BEING_DELETED", { name });
    if (paused) await freezeNodes(cluster, inner);
    else {
      await thawNodes(cluster.nodes, inner);
      await saveCluster(context.host, { ...record, phase: "running" });
    }
    return { name, paused };
  });
}

/** Workers first. When a node cannot be frozen, those that are frozen already are thawed. */
async function freezeNodes({ record, nodes }: OpenCluster, context: UseCaseContext): Promise<void> {
  const { host, signal } = context;
  const { name } = record.spec;
  const frozen: OpenNode[] = [];
  for (const node of stopOrder(nodes)) {
    const failure = await withTransport(node, context, async (transport) => {
      // Recorded first: if this call is killed halfway, every other command knows to check the cluster.
      await saveCluster(host, { ...record, phase: "paused" });
      const { ok, output } = await freezeNode(transport, signal);
      return ok ? undefined : new LocalkubeError("CLUSTER_PAUSE_FAILED", { name }, { output });
    });
    if (failure) {
      await thawNodes(frozen, context);
      await saveCluster(host, record);
      throw failure;
    }
    frozen.push(node);
  }
}

/** Thaws running nodes, control planes first; returns whether one was frozen. Rejects with CLUSTER_NOT_RUNNING or CLUSTER_UNPAUSE_FAILED. */
export async function thawNodes(nodes: readonly OpenNode[], context: UseCaseContext): Promise<boolean> {
  let wasFrozen = false;
  for (const node of startOrder(nodes)) {
    const { name } = node.cluster.record.spec;
    wasFrozen =
      (await withTransport(node, context, (transport) => thaw(name, transport, context.signal))) || wasFrozen;
  }
  return wasFrozen;
}

/** Thaws the node; returns whether it was frozen. Rejects with CLUSTER_UNPAUSE_FAILED. */
export async function thaw(name: string, transport: Transport, signal: AbortSignal): Promise<boolean> {
  const { ok, wasFrozen, output } = await thawNode(transport, signal);
  if (!ok) throw new LocalkubeError("CLUSTER_UNPAUSE_FAILED", { name }, { output });
  return wasFrozen;
}

/**
 * Whether the cluster is paused, that is its first node, whose API server answers for it. When the record says so, the machine itself is asked, because a reboot thaws it
 * without our knowledge. A machine that does not answer is assumed to be paused.
 */
export async function isPaused(cluster: OpenCluster, context: UseCaseContext): Promise<boolean> {
  if (cluster.record.phase !== "paused") return false;
  const deadline = AbortSignal.timeout(lookMs);
  const signal = AbortSignal.any([context.signal, deadline]);
  try {
    return await withTransport(nodeOf(cluster), { ...context, signal }, (transport) =>
      isFrozen(transport, signal),
    );
  } catch (error) {
    context.signal.throwIfAborted();
    if (error instanceof LocalkubeError || deadline.aborted) return true;
    throw error;
  }
}

const lookMs = 6000;

/** For commands that need the API: a frozen API server accepts connections and never answers. Rejects with CLUSTER_PAUSED. */
export async function refuseIfPaused(cluster: OpenCluster, context: UseCaseContext): Promise<void> {
  const { name } = cluster.record.spec;
  if (await isPaused(cluster, context)) throw new LocalkubeError("CLUSTER_PAUSED", { name });
}
