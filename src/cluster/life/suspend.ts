import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { SuspendOps } from "../../contract/driver.ts";
import { withProfileLock } from "../../state/lock.ts";
import { saveCluster } from "../../state/store.ts";
import { closeApiTunnel } from "../access/reach.ts";
import {
  allCreated,
  type CreatedNode,
  machineStatesOf,
  openCluster,
  type OpenCluster,
  startOrder,
  stopOrder,
} from "../access/open-cluster.ts";
import { thawNodes } from "./pause.ts";
import { notice, quietly, type UseCaseContext } from "../access/use-case.ts";
import { settleAfterWake } from "./wake.ts";

export interface SuspendResult {
  readonly name: string;
  /** False when it was already suspended. */
  readonly suspended: boolean;
}

export interface ResumeResult {
  readonly name: string;
  /** False when it was already running. */
  readonly resumed: boolean;
  /** Seconds until the API server answered. */
  readonly seconds: number;
}

/**
 * Saves the memory of the running machines to disk and powers them off, workers first. Idempotent.
 * Rejects with DRIVER_CANNOT, CLUSTER_NOT_RUNNING or DRIVER_SUSPEND_FAILED.
 */
export async function suspend(name: string, context: UseCaseContext): Promise<SuspendResult> {
  return locked(name, "localkube suspend", context, async (cluster, inner) => {
    const { ops, nodes } = suspendable(cluster);
    const c = quietly(inner);
    const states = await machineStatesOf(cluster, c);
    if (states.every((state) => state === "saved")) return { name, suspended: false };
    for (const [index, state] of states.entries())
      if (!["running", "paused", "saved"].includes(state))
        throw new LocalkubeError("CLUSTER_NOT_RUNNING", { name, machine: nodes[index]!.machine.name, state });
    for (const { machine, paths } of stopOrder(nodes)) {
      await closeApiTunnel(machine, { ...inner, paths });
      await ops.save(machine, c);
    }
    await saveCluster(context.host, { ...cluster.record, phase: "suspended" });
    return { name, suspended: true };
  });
}

/**
 * Resumes a suspended cluster: pods continue with their memory, the guest's clock is set, and the API answers when this resolves. With
 * `discard`, the saved memory is thrown away instead and the machine is off. A paused cluster is unpaused; a running one is left alone.
 * Rejects with DRIVER_CANNOT, CLUSTER_NOT_SUSPENDED or DRIVER_RESUME_FAILED.
 */
export async function resume(name: string, discard: boolean, context: UseCaseContext): Promise<ResumeResult> {
  const begun = performance.now();
  const seconds = (): number => (performance.now() - begun) / 1000;
  return locked(name, "localkube resume", context, async (cluster, inner) => {
    const c = quietly(inner);
    const { record, driver } = cluster;
    const states = await machineStatesOf(cluster, c);
    if (!discard && states.every((state) => state === "running")) {
      // A paused cluster is not suspended, but a user who calls resume wants it to run: also where the driver cannot suspend.
      const resumed = await thawNodes(cluster.nodes, inner);
      if (record.phase === "paused") await saveCluster(context.host, { ...record, phase: "running" });
      return { name, resumed, seconds: seconds() };
    }
    const { ops, nodes } = suspendable(cluster);
    if (discard) {
      for (const { machine } of stopOrder(nodes)) await ops.discard(machine, c);
      await saveCluster(context.host, { ...cluster.record, phase: "stopped" });
      return { name, resumed: false, seconds: seconds() };
    }
    const saved = nodes.filter((_node, index) => states[index] === "saved");
    if (saved.length === 0) throw new LocalkubeError("CLUSTER_NOT_SUSPENDED", { name, state: states[0]! });
    for (const node of startOrder(saved)) {
      await driver.start(node.machine, c);
      await settleAfterWake(node, inner);
    }
    await saveCluster(context.host, { ...cluster.record, phase: "running" });
    return { name, resumed: true, seconds: seconds() };
  });
}

function suspendable({ driver, definition, nodes }: OpenCluster): {
  readonly ops: SuspendOps;
  readonly nodes: readonly CreatedNode[];
} {
  if (!driver.suspend)
    throw new LocalkubeError("DRIVER_CANNOT", { driver: definition.name, what: "suspend a machine" });
  return { ops: driver.suspend, nodes: allCreated(nodes) };
}

const locked = <T>(
  name: string,
  command: string,
  context: UseCaseContext,
  work: (cluster: OpenCluster, context: UseCaseContext) => Promise<T>,
): Promise<T> => {
  const lock = { command, signal: context.signal, onWait: (text: string) => notice(context, text) };
  return withProfileLock(context.host, name, lock, async (signal) => {
    const inner = { ...context, signal };
    return work(await openCluster(name, inner), inner);
  });
};
