import { LocalkubeError } from "../contract/errors/localkube-error.ts";
import { unlessDiskFull } from "../contract/errors/system-failure.ts";
import type { RunContext } from "../contract/host.ts";
import { loadDriver, probeDrivers } from "../machine/driver-registry.ts";
import { undoSteps } from "../pipeline/undo-steps.ts";
import { removeKubeconfig } from "../provision/kubeconfig/remove-kubeconfig.ts";
import { withProfileLock } from "../state/lock.ts";
import { clusterPaths } from "../state/paths.ts";
import { listClusters, loadCluster, removeCluster, saveCluster } from "../state/store.ts";
import { removeAutostart } from "./autostart.ts";
import { machineCreate } from "./steps/machine-steps.ts";
import type { ClusterBase } from "./start-state.ts";
import { startSteps } from "./start-steps.ts";
import { machineName } from "./machine-name.ts";
import { notice, quietly, type UseCaseContext } from "./use-case.ts";

export interface DeleteResult {
  readonly name: string;
  /** False when there was nothing of that name. */
  readonly existed: boolean;
}

export interface DeleteOptions {
  /** Leave the machine as it is: it cannot be reached. Only where the driver can forget one (else DRIVER_CANNOT). */
  readonly forget?: boolean;
}

/** Removes machine, kubeconfig entry and files of a profile; succeeds when it is gone already; rejects with what remains. */
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

/** Every profile, one after the other; goes on after a failure and rejects at the end with the first. */
export async function deleteAll(context: UseCaseContext): Promise<readonly DeleteResult[]> {
  const results: DeleteResult[] = [];
  let failure: unknown;
  for (const { name } of await listClusters(context.host)) {
    try {
      results.push(await deleteCluster(name, context));
    } catch (error) {
      failure ??= error;
    }
  }
  if (failure !== undefined) throw failure;
  return results;
}

export async function deleteHoldingLock(
  name: string,
  context: UseCaseContext,
  { forget = false }: DeleteOptions = {},
): Promise<DeleteResult> {
  const { host } = context;
  const record = await loadCluster(host, name);
  if (!record) {
    const unit = await removeAutostart(name, host, context.signal);
    const existed = (await removeUnrecorded(name, context)) || unit;
    await removeCluster(host, name);
    return { name, existed };
  }
  const driver = (await loadDriver(record.driver)).open(host);
  if (forget && !driver.forget)
    throw new LocalkubeError("DRIVER_CANNOT", { driver: record.driver, what: "forget a machine" });
  await saveCluster(host, { ...record, phase: "deleting" }).catch(unlessDiskFull);
  const base = { host, paths: clusterPaths(host, name), driver, record };
  // First: a host that goes down in the middle must not start what is half deleted.
  await removeAutostart(name, host, context.signal);
  if (forget) await forgetMachine(base, context);
  else await undoSteps(startSteps, base, { ...context, command: "delete", profile: name });
  await removeCluster(host, name);
  return { name, existed: true };
}

/** What is on this computer goes as ever; the machine is left as it is. */
async function forgetMachine(base: ClusterBase, context: UseCaseContext): Promise<void> {
  const { driver, record } = base;
  const steps = startSteps.map((step) => {
    if (step.id !== machineCreate.id) return step;
    const undo = {
      title: "Forgetting the machine",
      async run(_base: ClusterBase, c: RunContext) {
        const stays = record.machine ? await driver.forget?.(record.machine, c) : [];
        for (const text of stays ?? []) notice(context, text, "warning");
      },
    };
    return { ...step, undo };
  });
  await undoSteps(steps, base, { ...context, command: "delete", profile: record.spec.name });
}

/** Removes a machine of this name that our drivers made though no record tells of it (a lost state folder). True when there was one. */
async function removeUnrecorded(name: string, context: UseCaseContext): Promise<boolean> {
  const { host } = context;
  const machine = machineName(name);
  const c = quietly(context);
  let found = false;
  for (const { definition, probe } of await probeDrivers(host)) {
    if (!probe.usable) continue;
    const driver = definition.open(host);
    if (!(await driver.list(c)).some((listed) => listed.name === machine)) continue;
    await driver.removeByName(machine, c);
    found = true;
  }
  if (found) await removeKubeconfig(name, host, {});
  return found;
}
