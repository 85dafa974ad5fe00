import { LocalkubeError } from "../contract/errors/localkube-error.ts";
import type { MachineRef, MachineSnapshot, SnapshotOps } from "../contract/driver.ts";
import { withProfileLock } from "../state/lock.ts";
import { saveCluster } from "../state/store.ts";
import { openCluster, type OpenCluster } from "./open-cluster.ts";
import { notice, quietly, type UseCaseContext } from "./use-case.ts";
import { settleAfterWake } from "./wake.ts";

export interface SnapshotResult {
  readonly name: string;
  readonly snapshot: string;
  /** Whether the cluster runs now. */
  readonly running: boolean;
}

/** Disk and memory of a running cluster, the disk alone of a stopped one. Rejects with DRIVER_CANNOT, SNAPSHOT_NAME_INVALID or the driver's. */
export const createSnapshot = (
  name: string,
  snapshot: string,
  context: UseCaseContext,
): Promise<SnapshotResult> =>
  withSnapshots(name, "create", context, async ({ driver }, ops, machine, inner) => {
    const c = quietly(inner);
    await ops.create(machine, checkedName(snapshot), c);
    return { name, snapshot, running: (await driver.state(machine, c)) === "running" };
  });

export const listSnapshots = (
  name: string,
  context: UseCaseContext,
): Promise<{ readonly name: string; readonly snapshots: readonly MachineSnapshot[] }> =>
  withSnapshots(name, "list", context, async (_cluster, ops, machine, inner) => ({
    name,
    snapshots: await ops.list(machine, quietly(inner)),
  }));

/** Puts the cluster back; what it wrote since is lost. With memory it runs when this resolves, its clock set; without it is stopped. */
export const restoreSnapshot = (
  name: string,
  snapshot: string,
  context: UseCaseContext,
): Promise<SnapshotResult> =>
  withSnapshots(name, "restore", context, async (cluster, ops, machine, inner) => {
    const c = quietly(inner);
    await ops.restore(machine, checkedName(snapshot), c);
    const running = (await cluster.driver.state(machine, c)) === "running";
    if (running) await settleAfterWake(cluster, machine, inner);
    await saveCluster(context.host, { ...cluster.record, phase: running ? "running" : "stopped" });
    return { name, snapshot, running };
  });

/** Fine when there is none of that name. */
export const deleteSnapshot = (
  name: string,
  snapshot: string,
  context: UseCaseContext,
): Promise<{ readonly name: string; readonly snapshot: string }> =>
  withSnapshots(name, "delete", context, async (_cluster, ops, machine, inner) => {
    await ops.remove(machine, checkedName(snapshot), quietly(inner));
    return { name, snapshot };
  });

function checkedName(snapshot: string): string {
  if (/^[a-z0-9][a-z0-9.-]{0,39}$/.test(snapshot)) return snapshot;
  throw new LocalkubeError("SNAPSHOT_NAME_INVALID", { snapshot });
}

function withSnapshots<T>(
  name: string,
  verb: string,
  context: UseCaseContext,
  work: (cluster: OpenCluster, ops: SnapshotOps, machine: MachineRef, context: UseCaseContext) => Promise<T>,
): Promise<T> {
  const command = `localkube snapshot ${verb}`;
  const lock = { command, signal: context.signal, onWait: (text: string) => notice(context, text) };
  return withProfileLock(context.host, name, lock, async (signal) => {
    const inner = { ...context, signal };
    const cluster = await openCluster(name, inner);
    const { driver, definition, record } = cluster;
    if (!driver.snapshots)
      throw new LocalkubeError("DRIVER_CANNOT", { driver: definition.name, what: "take snapshots" });
    if (!record.machine)
      throw new LocalkubeError("CLUSTER_NOT_RUNNING", { name, machine: "machine", state: "absent" });
    return work(cluster, driver.snapshots, record.machine, inner);
  });
}
