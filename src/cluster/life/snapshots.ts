import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { MachineRef, MachineSnapshot, SnapshotOps } from "../../contract/driver.ts";
import type { RunContext } from "../../contract/host.ts";
import { firstNode } from "../../contract/node.ts";
import { withProfileLock } from "../../state/lock.ts";
import { saveCluster } from "../../state/store.ts";
import {
  allCreated,
  type CreatedNode,
  openCluster,
  type OpenCluster,
  startOrder,
  stopOrder,
} from "../access/open-cluster.ts";
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
  withSnapshots({ name, verb: "create", snapshot }, context, async ({ driver }, ops, nodes, inner) => {
    const c = quietly(inner);
    const made: MachineRef[] = [];
    for (const { machine } of stopOrder(nodes))
      try {
        await ops.create(machine, snapshot, c);
        made.push(machine);
      } catch (error) {
        // A snapshot that only some machines have cannot be restored.
        for (const other of made)
          await ops.remove(other, snapshot, c).catch((undoing) => c.log(String(undoing)));
        throw error;
      }
    return { name, snapshot, running: (await driver.state(firstNode({ nodes }).machine, c)) === "running" };
  });

/** Read-only, so it waits for no other localkube. Rejects with DRIVER_CANNOT or driver errors. */
export async function listSnapshots(
  name: string,
  context: UseCaseContext,
): Promise<{ readonly name: string; readonly snapshots: readonly MachineSnapshot[] }> {
  const { ops, nodes } = snapshotting(await openCluster(name, context));
  const lists = await Promise.all(nodes.map(({ machine }) => ops.list(machine, quietly(context))));
  return { name, snapshots: ofAllMachines(lists) };
}

/** The snapshots that every machine has, in the order and with the time of the first one's. */
const ofAllMachines = ([first = [], ...others]: readonly (readonly MachineSnapshot[])[]) =>
  first.flatMap((snapshot): readonly MachineSnapshot[] => {
    const same = others.map((list) => list.find(({ name }) => name === snapshot.name));
    if (!same.every((each) => each !== undefined)) return [];
    const bytes = same.reduce((sum, each) => sum + each.bytes, snapshot.bytes);
    return [{ ...snapshot, bytes, memory: snapshot.memory && same.every(({ memory }) => memory) }];
  });

/** Restores the cluster; later writes are lost. With memory it is running when this resolves, its clock set; without memory it is stopped. */
export const restoreSnapshot = (
  name: string,
  snapshot: string,
  context: UseCaseContext,
): Promise<SnapshotResult> =>
  withSnapshots({ name, verb: "restore", snapshot }, context, async (cluster, ops, nodes, inner) => {
    const c = quietly(inner);
    if (nodes.length > 1) await refuseUnlessAllHave(snapshot, ops, nodes, c);
    let running = true;
    for (const node of startOrder(nodes)) {
      await ops.restore(node.machine, snapshot, c);
      const runs = (await cluster.driver.state(node.machine, c)) === "running";
      if (runs) await settleAfterWake(node, inner);
      running &&= runs;
    }
    await saveCluster(context.host, { ...cluster.record, phase: running ? "running" : "stopped" });
    return { name, snapshot, running };
  });

/** Before any of the machines is changed. Rejects with DRIVER_SNAPSHOT_UNKNOWN. */
async function refuseUnlessAllHave(
  snapshot: string,
  ops: SnapshotOps,
  nodes: readonly CreatedNode[],
  c: RunContext,
): Promise<void> {
  for (const { machine } of nodes) {
    const names = (await ops.list(machine, c)).map(({ name }) => name);
    if (!names.includes(snapshot))
      throw new LocalkubeError("DRIVER_SNAPSHOT_UNKNOWN", { name: machine.name, snapshot });
  }
}

/** Succeeds when there is no snapshot of that name. */
export const deleteSnapshot = (
  name: string,
  snapshot: string,
  context: UseCaseContext,
): Promise<{ readonly name: string; readonly snapshot: string }> =>
  withSnapshots({ name, verb: "delete", snapshot }, context, async (_cluster, ops, nodes, inner) => {
    for (const { machine } of stopOrder(nodes)) await ops.remove(machine, snapshot, quietly(inner));
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
  work: (
    cluster: OpenCluster,
    ops: SnapshotOps,
    nodes: readonly CreatedNode[],
    context: UseCaseContext,
  ) => Promise<T>,
): Promise<T> {
  if (!/^[a-z0-9][a-z0-9.-]{0,39}$/.test(snapshot))
    throw new LocalkubeError("SNAPSHOT_NAME_INVALID", { snapshot });
  const command = `localkube snapshot ${verb}`;
  const lock = { command, signal: context.signal, onWait: (text: string) => notice(context, text) };
  return withProfileLock(context.host, name, lock, async (signal) => {
    const inner = { ...context, signal };
    const cluster = await openCluster(name, inner);
    const { ops, nodes } = snapshotting(cluster);
    return work(cluster, ops, nodes, inner);
  });
}

function snapshotting({ driver, definition, nodes }: OpenCluster): {
  readonly ops: SnapshotOps;
  readonly nodes: readonly CreatedNode[];
} {
  if (!driver.snapshots)
    throw new LocalkubeError("DRIVER_CANNOT", { driver: definition.name, what: "take snapshots" });
  return { ops: driver.snapshots, nodes: allCreated(nodes) };
}
