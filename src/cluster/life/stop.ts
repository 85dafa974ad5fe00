import { withProfileLock } from "../../state/lock.ts";
import { saveCluster } from "../../state/store.ts";
import { closeApiTunnel } from "../access/reach.ts";
import { isCreated, openCluster, stopOrder } from "../access/open-cluster.ts";
import { shutDownGuest } from "./shut-down-guest.ts";
import { notice, quietly, type UseCaseContext } from "../access/use-case.ts";

export interface StopResult {
  readonly name: string;
  /** False when it was not running. */
  readonly stopped: boolean;
}

/**
 * Ends the pods, then powers the machines off, workers first, each by force after `graceSeconds`; all data is kept. A paused cluster is thawed first; a suspended one stays suspended. Idempotent.
 */
export async function stop(name: string, graceSeconds: number, context: UseCaseContext): Promise<StopResult> {
  const lock = {
    command: "localkube stop",
    signal: context.signal,
    onWait: (text: string) => notice(context, text),
  };
  return withProfileLock(context.host, name, lock, async (signal) => {
    const cluster = await openCluster(name, context);
    const { record, driver } = cluster;
    const c = { ...quietly(context), signal, graceMs: graceSeconds * 1000 };
    let stopped = false;
    let suspended = false;
    for (const node of stopOrder(cluster.nodes).filter(isCreated)) {
      const { machine, paths } = node;
      const before = await driver.state(machine, c);
      await closeApiTunnel(machine, { ...context, signal, paths });
      const graceMs = before === "running" ? await shutDownGuest(node, c) : c.graceMs;
      await driver.stop(machine, { ...c, graceMs });
      stopped ||= !["stopped", "absent", "saved"].includes(before);
      suspended ||= before === "saved";
    }
    if (suspended && !stopped)
      notice(context, `the cluster ${name} is suspended; continue it with: localkube resume -p ${name}`);
    else if (record.phase !== "creating" && record.phase !== "deleting")
      await saveCluster(context.host, { ...record, phase: "stopped" });
    return { name, stopped };
  });
}
