import { LocalkubeError, messageOf } from "../../contract/errors/localkube-error.ts";
import { unlessDiskFull } from "../../contract/errors/system-failure.ts";
import type { RunContext } from "../../contract/host.ts";
import type { Driver, MachineRef } from "../../contract/driver.ts";
import { loadDriver, probeDrivers } from "../../machine/driver-registry.ts";
import { undoJobsOf } from "../../pipeline/recipe.ts";
import { runJobs } from "../../pipeline/run-jobs.ts";
import { removeKubeconfig } from "../../provision/kubeconfig/remove-kubeconfig.ts";
import { withProfileLock } from "../../state/lock.ts";
import { clusterPaths, nodePaths } from "../../state/paths.ts";
import type { ClusterRecord } from "../../state/cluster-record.ts";
import { hintsOfDamaged, listClusters, loadCluster, removeCluster, saveCluster } from "../../state/store.ts";
import { closeTunnelAt } from "../../machine/ssh/tunnel.ts";
import { removeAutostart } from "../autostart/autostart.ts";
import { recipe, type StartRow } from "./recipe.ts";
import {
  type ClusterBase,
  type ClusterState,
  type NodeBase,
  type NodeState,
  recordedMachine,
} from "./state.ts";
import { criServer } from "./steps/cri-server.ts";
import { machineCreate } from "./steps/machine-create.ts";
import { machineName, profileOf } from "../access/reach.ts";
import { startOrder } from "../access/open-cluster.ts";
import { notice, quietly, type UseCaseContext } from "../access/use-case.ts";

export interface DeleteResult {
  readonly name: string;
  /** False when nothing of that name existed. */
  readonly existed: boolean;
}

export interface DeleteOptions {
  /**
   * Leave the machine as it is, because it cannot be reached. Only where the driver can forget one (else DRIVER_CANNOT), or cannot be loaded,
   * because its package was uninstalled or is damaged.
   */
  readonly forget?: boolean;
}

/** Removes machine, kubeconfig entry and files of a profile; succeeds when they are already gone; rejects with what remains. */
export async function deleteCluster(
  name: string,
  context: UseCaseContext,
  options: DeleteOptions = {},
): Promise<DeleteResult> {
  const { host, signal } = context;
  const lock = { command: "localkube delete", signal, onWait: (text: string) => notice(context, text) };
  return withProfileLock(host, name, lock, (locked) =>
    deleteHoldingLock(name, { ...context, signal: locked }, options),
  );
}

/**
 * Deletes every profile of this state folder, one after the other, and every machine of it that belongs to no profile. Continues after
 * a failure and rejects at the end: with the failure itself when there was one, with DELETE_INCOMPLETE and all of them when there were
 * several. What was deleted before a failure is reported as notices. An interruption ends it at once.
 */
export async function deleteAll(context: UseCaseContext): Promise<readonly DeleteResult[]> {
  const { host, signal } = context;
  const recorded = (await listClusters(host)).map(({ name }) => name);
  const results: DeleteResult[] = [];
  const failures = new Map<string, unknown>();
  const remove = async (name: string): Promise<void> => {
    try {
      results.push(await deleteCluster(name, context));
    } catch (error) {
      signal.throwIfAborted();
      failures.set(name, error);
    }
  };
  for (const name of recorded) await remove(name);
  for (const { driver, names, failure } of await machineLists(context)) {
    if (failure !== undefined) failures.set(`machines of ${driver}`, failure);
    for (const name of new Set(names.flatMap((machine) => profileOf(machine) ?? [])))
      if (!recorded.includes(name)) await remove(name);
  }
  if (failures.size === 0) return results;
  for (const { name, existed } of results) if (existed) notice(context, `Cluster ${name} is deleted`);
  throw failureOfAll(failures, results.length);
}

function failureOfAll(failures: ReadonlyMap<string, unknown>, deleted: number): unknown {
  if (failures.size === 1) return [...failures.values()][0];
  const lines = [...failures].map(([name, error]) => {
    if (!(error instanceof LocalkubeError)) return `${name}: ${messageOf(error)}`;
    const output = error.output ? `\n  ${error.output.replaceAll("\n", "\n  ")}` : "";
    return `${name}: ${error.message} (${error.id})${output}\n  ${error.fix}`;
  });
  return new LocalkubeError(
    "DELETE_INCOMPLETE",
    { count: failures.size + deleted, failed: failures.size, names: [...failures.keys()].join(", ") },
    { cause: [...failures.values()][0], output: lines.join("\n") },
  );
}

type Found = { readonly record: ClusterRecord } | { readonly damage: LocalkubeError } | undefined;

/** A damaged record must not prevent deletion; one that cannot be read, or was written by a newer localkube, may be intact. */
async function findRecord(name: string, { host }: UseCaseContext): Promise<Found> {
  try {
    const record = await loadCluster(host, name);
    return record && { record };
  } catch (error) {
    if (error instanceof LocalkubeError && error.id === "STATE_DAMAGED") return { damage: error };
    throw error;
  }
}

export async function deleteHoldingLock(
  name: string,
  context: UseCaseContext,
  { forget = false }: DeleteOptions = {},
): Promise<DeleteResult> {
  const { host } = context;
  const found = await findRecord(name, context);
  if (!found) {
    const unit = await removeAutostart(name, host, context.signal);
    const machine = await removeUnrecorded(name, context);
    if (machine) await removeKubeconfig(name, host, { signal: context.signal });
    await removeCluster(host, name);
    return { name, existed: machine || unit };
  }
  if ("damage" in found) {
    // How the machine is reached, and so what may be forgotten, is in the record.
    if (forget) throw found.damage;
    await deleteDamaged(name, found.damage, context);
    return { name, existed: true };
  }
  const { record } = found;
  const driver = await driverOf(record, context, forget);
  if (forget && !(driver instanceof LocalkubeError) && !driver.forget)
    throw new LocalkubeError("DRIVER_CANNOT", { driver: record.driver, what: "forget a machine" });
  await saveCluster(host, { ...record, phase: "deleting" }).catch(unlessDiskFull);
  const cluster: ClusterBase = { host, paths: clusterPaths(host, name), record };
  // Undone backwards: the machines of the workers go first.
  const nodes = startOrder(record.nodes).map((node) => {
    const state: NodeBase = {
      cluster,
      name: node.name,
      role: node.role,
      machineName: machineName(name, node.name),
      paths: nodePaths(host, name, node.name),
      get driver() {
        if (driver instanceof LocalkubeError) throw driver;
        return driver;
      },
    };
    return { name: node.name, state };
  });
  // First: if the host goes down halfway, it must not start a half-deleted cluster.
  await removeAutostart(name, host, context.signal);
  const rows = forget
    ? recipe.filter(({ step }) => step !== criServer).map(forgetting(driver, context))
    : recipe;
  const subjects = { cluster, nodes };
  const jobs = undoJobsOf<ClusterState, ClusterBase, NodeState, NodeBase>(rows, subjects, undoTimeoutMs);
  await runJobs(jobs, { ...context, command: "delete", profile: name });
  await removeCluster(host, name);
  return { name, existed: true };
}

const undoTimeoutMs = 300_000;

/** Why a driver from npm cannot be loaded. */
const unloadable: readonly string[] = [
  "DRIVER_NOT_INSTALLED",
  "DRIVER_PACKAGE_BROKEN",
  "DRIVER_PACKAGE_VERSION",
  "DRIVER_PACKAGE_UNSAFE",
];

/** The cluster's driver; to forget its machines, nothing more is needed than the reason why there is none. */
async function driverOf(
  { driver }: ClusterRecord,
  context: UseCaseContext,
  forget: boolean,
): Promise<Driver | LocalkubeError> {
  try {
    return (await loadDriver(driver)).open(context.host);
  } catch (error) {
    if (!(error instanceof LocalkubeError) || !unloadable.includes(error.id)) throw error;
    if (forget) return error;
    notice(
      context,
      "without its driver, --forget removes what this computer keeps of the cluster",
      "warning",
    );
    throw error;
  }
}

/** What is on this computer is removed as usual; the machine is left as it is. */
const forgetting =
  (driver: Driver | LocalkubeError, context: UseCaseContext) =>
  (row: StartRow): StartRow => {
    if (row.per !== "node" || row.step.id !== machineCreate.id) return row;
    const undo = {
      title: "Forgetting the machine",
      async run(node: NodeBase, c: RunContext) {
        const machine = recordedMachine(node);
        const forgotten = async (): Promise<readonly string[] | undefined> => {
          if (driver instanceof LocalkubeError) return [leftBehind(node, machine, driver)];
          return machine && driver.forget?.(machine, c);
        };
        for (const text of (await forgotten()) ?? []) notice(context, text, "warning");
      },
    };
    return { ...row, step: { ...row.step, undo } };
  };

/** Also for a machine that was never recorded: only its driver knows whether a killed start has created it. */
function leftBehind(node: NodeBase, machine: MachineRef | undefined, { message }: LocalkubeError): string {
  const { driver } = node.cluster.record;
  const which = machine
    ? `the machine ${[node.machineName, machine.id, machine.address].filter(Boolean).join(", ")}, of the driver ${driver}`
    : `a machine ${node.machineName} that the driver ${driver} may have created`;
  return `${which}, is left as it is: ${message}`;
}

/** Without its record a cluster is found by our marks: machines by their label, kubeconfig entries by their note. */
async function deleteDamaged(name: string, damage: LocalkubeError, context: UseCaseContext): Promise<void> {
  const { host, signal } = context;
  notice(context, `${damage.message}; what localkube created is looked for by its marks`, "warning");
  const { driver, userKubeconfig } = await hintsOfDamaged(host, name);
  await removeAutostart(name, host, signal);
  await closeTunnelAt(nodePaths(host, name, name).tunnel, { host, signal });
  await removeUnrecorded(name, context, driver);
  await removeKubeconfig(name, host, { signal });
  if (userKubeconfig !== undefined) await removeKubeconfig(name, host, { signal, files: [userKubeconfig] });
  await removeCluster(host, name);
}

/**
 * Removes the machines of this profile that our drivers created but that have no record (lost or damaged). True when there was one. Every
 * driver is tried; the first failure is reported at the end. A driver that is not usable here is skipped, with a notice when it is
 * `expected` to have the machine: its mark stays on the machine, so that a later call finds it.
 */
async function removeUnrecorded(name: string, context: UseCaseContext, expected?: string): Promise<boolean> {
  const c = quietly(context);
  let found = false;
  let failure: unknown;
  for (const { definition, driver, probe } of await openDrivers(context)) {
    try {
      const machines = (await driver.list(c)).filter(
        (listed) => profileOf(listed.name) === name && listed.home === undefined,
      );
      // The longest name first: the first node's machine, which stands for the cluster, is the last to go.
      for (const machine of machines.sort((a, b) => b.name.length - a.name.length)) {
        await driver.removeByName(machine.name, c);
        found = true;
      }
    } catch (error) {
      context.signal.throwIfAborted();
      if (probe.usable) failure ??= error;
      else if (definition.name === expected)
        notice(
          context,
          `the driver ${expected} cannot be used now (${probe.problem ?? ""}): run localkube delete -p ${name} again when it can, for a machine of it may be left`,
          "warning",
        );
      else c.log(`${definition.name}: ${String(error)}`);
    }
  }
  if (failure !== undefined) throw failure;
  return found;
}

/** Includes drivers that are not usable here: a hypervisor that was uninstalled may have left machines that are only files now. */
const openDrivers = async ({ host }: UseCaseContext) =>
  (await probeDrivers(host)).map((probed) => ({ ...probed, driver: probed.definition.open(host) }));

export interface MachineList {
  readonly driver: string;
  /** Machines of this state folder. */
  readonly names: readonly string[];
  /** Why a usable driver could not list its machines. */
  readonly failure?: unknown;
}

/** The machines of this state folder by driver, recorded or not. Read-only. */
export async function machineLists(context: UseCaseContext): Promise<readonly MachineList[]> {
  const c = quietly(context);
  const lists = (await openDrivers(context)).map(
    async ({ definition, driver, probe }): Promise<MachineList> => {
      try {
        const names = (await driver.list(c)).flatMap(({ name, home }) => (home === undefined ? [name] : []));
        return { driver: definition.name, names };
      } catch (failure) {
        context.signal.throwIfAborted();
        return { driver: definition.name, names: [], ...(probe.usable ? { failure } : {}) };
      }
    },
  );
  return Promise.all(lists);
}
