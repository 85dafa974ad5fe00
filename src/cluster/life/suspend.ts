import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { SuspendOps, MachineRef } from "../../contract/driver.ts";
import { withProfileLock } from "../../state/lock.ts";
import { saveCluster } from "../../state/store.ts";
import { closeApiTunnel } from "../access/api-tunnel.ts";
import { openCluster, type OpenCluster, withTransport } from "../access/open-cluster.ts";
import { thaw } from "./pause.ts";
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
 * Saves the running machine's memory to disk and powers it off. Idempotent.
 * Rejects with DRIVER_CANNOT, CLUSTER_NOT_RUNNING or DRIVER_SUSPEND_FAILED.
 */
export async function suspend(name: string, context: UseCaseContext): Promise<SuspendResult> {
  return locked(name, "localkube suspend", context, async (cluster, inner) => {
    const { ops, machine } = suspendable(cluster);
    const c = quietly(inner);
    const state = await cluster.driver.state(machine, c);
    if (state === "saved") return { name, suspended: false };
    if (state !== "running" && state !== "paused")
      throw new LocalkubeError("CLUSTER_NOT_RUNNING", { name, machine: machine.name, state });
    await closeApiTunnel(machine, { ...inner, paths: cluster.paths });
    await ops.save(machine, c);
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
    const { record } = cluster;
    if (!discard && record.machine && (await cluster.driver.state(record.machine, c)) === "running") {
      // A paused cluster is not suspended, but a user who calls resume wants it to run: also where the driver cannot suspend.
      const resumed = await withTransport(cluster, inner, (transport) => thaw(name, transport, inner.signal));
      if (record.phase === "paused") await saveCluster(context.host, { ...record, phase: "running" });
      return { name, resumed, seconds: seconds() };
    }
    const { ops, machine } = suspendable(cluster);
    if (discard) {
      await ops.discard(machine, c);
      await saveCluster(context.host, { ...cluster.record, phase: "stopped" });
      return { name, resumed: false, seconds: seconds() };
    }
    const state = await cluster.driver.state(machine, c);
    if (state !== "saved") throw new LocalkubeError("CLUSTER_NOT_SUSPENDED", { name, state });
    await cluster.driver.start(machine, c);
    await settleAfterWake(cluster, machine, inner);
    await saveCluster(context.host, { ...cluster.record, phase: "running" });
    return { name, resumed: true, seconds: seconds() };
  });
}

function suspendable({ record, driver, definition }: OpenCluster): { ops: SuspendOps; machine: MachineRef } {
  const { name } = record.spec;
  if (!driver.suspend)
    throw new LocalkubeError("DRIVER_CANNOT", { driver: definition.name, what: "suspend a machine" });
  if (!record.machine)
    throw new LocalkubeError("CLUSTER_NOT_RUNNING", { name, machine: "machine", state: "absent" });
  return { ops: driver.suspend, machine: record.machine };
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
