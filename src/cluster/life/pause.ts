import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { Transport } from "../../contract/transport.ts";
import { freezeNode, isFrozen, thawNode } from "../../provision/guest/freeze.ts";
import { withProfileLock } from "../../state/lock.ts";
import { saveCluster } from "../../state/store.ts";
import { type OpenCluster, openCluster, withTransport } from "../access/open-cluster.ts";
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
    await withTransport(cluster, inner, async (transport) => {
      if (!paused) {
        await thaw(name, transport, signal);
        return saveCluster(context.host, { ...record, phase: "running" });
      }
      // Recorded first: if this call is killed halfway, every other command knows to check the cluster.
      await saveCluster(context.host, { ...record, phase: "paused" });
      const { ok, output } = await freezeNode(transport, signal);
      if (ok) return;
      await saveCluster(context.host, record);
      throw new LocalkubeError("CLUSTER_PAUSE_FAILED", { name }, { output });
    });
    return { name, paused };
  });
}

/** Thaws the node; returns whether it was frozen. Rejects with CLUSTER_UNPAUSE_FAILED. */
export async function thaw(name: string, transport: Transport, signal: AbortSignal): Promise<boolean> {
  const { ok, wasFrozen, output } = await thawNode(transport, signal);
  if (!ok) throw new LocalkubeError("CLUSTER_UNPAUSE_FAILED", { name }, { output });
  return wasFrozen;
}

/**
 * Whether the cluster's running machine is paused. When the record says so, the machine itself is asked, because a reboot thaws it
 * without our knowledge. A machine that does not answer is assumed to be paused.
 */
export async function isPaused(cluster: OpenCluster, context: UseCaseContext): Promise<boolean> {
  if (cluster.record.phase !== "paused") return false;
  const deadline = AbortSignal.timeout(lookMs);
  const signal = AbortSignal.any([context.signal, deadline]);
  try {
    return await withTransport(cluster, { ...context, signal }, (transport) => isFrozen(transport, signal));
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
