import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { MachineRef, MachineSnapshot, SnapshotOps } from "../../contract/driver.ts";
import { withProfileLock } from "../../state/lock.ts";
import { saveCluster } from "../../state/store.ts";
import { openCluster, type OpenCluster } from "../access/open-cluster.ts";
import { notice, quietly, type UseCaseContext } from "../access/use-case.ts";
import { settleAfterWake } from "./wake.ts";

export interface SnapshotResult {
  readonly name: string;
  readonly snapshot: string;
  /** Whether the cluster is running now. */
  readonly running: boolean;
}

/** Disk and memory of a running cluster, only the disk of a stopped one. Rejects with DRIVER_CANNOT, SNAPSHOT_NAME_INVALID or driver errors. */
export const createSnapshot = (
  name: string,
  snapshot: string,
  context: UseCaseContext,
): Promise<SnapshotResult> =>
  withSnapshots({ name, verb: "create", snapshot }, context, async ({ driver }, ops, machine, inner) => {
    const c = quietly(inner);
    await ops.create(machine, snapshot, c);
    return { name, snapshot, running: (await driver.state(machine, c)) === "running" };
  });

/** Read-only, so it waits for no other localkube. Rejects with DRIVER_CANNOT or driver errors. */
export async function listSnapshots(
  name: string,
  context: UseCaseContext,
): Promise<{ readonly name: string; readonly snapshots: readonly MachineSnapshot[] }> {
  const { ops, machine } = snapshotting(await openCluster(name, context));
  return { name, snapshots: await ops.list(machine, quietly(context)) };
}

/** Restores the cluster; later writes are lost. With memory it is running when this resolves, its clock set; without memory it is stopped. */
export const restoreSnapshot = (
  name: string,
  snapshot: string,
  context: UseCaseContext,
): Promise<SnapshotResult> =>
  withSnapshots({ name, verb: "restore", snapshot }, context, async (cluster, ops, machine, inner) => {
    const c = quietly(inner);
    await ops.restore(machine, snapshot, c);
    const running = (await cluster.driver.state(machine, c)) === "running";
    if (running) await settleAfterWake(cluster, machine, inner);
    await saveCluster(context.host, { ...cluster.record, phase: running ? "running" : "stopped" });
    return { name, snapshot, running };
  });

/** Succeeds when there is no snapshot of that name. */
export const deleteSnapshot = (
  name: string,
  snapshot: string,
  context: UseCaseContext,
): Promise<{ readonly name: string; readonly snapshot: string }> =>
  withSnapshots({ name, verb: "delete", snapshot }, context, async (_cluster, ops, machine, inner) => {
    await ops.remove(machine, snapshot, quietly(inner));
    return { name, snapshot };
  });

interface Asked {
  readonly name: string;
  readonly verb: string;
  readonly snapshot: string;
}

async function withSnapshots<T>(
  { name, verb, snapshot }: Asked,
  context: UseCaseContext,
  work: (cluster: OpenCluster, ops: SnapshotOps, machine: MachineRef, context: UseCaseContext) => Promise<T>,
): Promise<T> {
  if (!/^[a-z0-9][a-z0-9.-]{0,39}$/.test(snapshot))
    throw new LocalkubeError("SNAPSHOT_NAME_INVALID", { snapshot });
  const command = `localkube snapshot ${verb}`;
  const lock = { command, signal: context.signal, onWait: (text: string) => notice(context, text) };
  return withProfileLock(context.host, name, lock, async (signal) => {
    const inner = { ...context, signal };
    const cluster = await openCluster(name, inner);
    const { ops, machine } = snapshotting(cluster);
    return work(cluster, ops, machine, inner);
  });
}

function snapshotting({ driver, definition, record }: OpenCluster): {
  readonly ops: SnapshotOps;
  readonly machine: MachineRef;
} {
  const { name } = record.spec;
  if (!driver.snapshots)
    throw new LocalkubeError("DRIVER_CANNOT", { driver: definition.name, what: "take snapshots" });
  if (!record.machine)
    throw new LocalkubeError("CLUSTER_NOT_RUNNING", { name, machine: "machine", state: "absent" });
  return { ops: driver.snapshots, machine: record.machine };
}
