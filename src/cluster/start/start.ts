import { firstNode } from "../../contract/node.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { HostContext } from "../../contract/host.ts";
import type { EmitEvent } from "../../pipeline/events.ts";
import { journal } from "../../pipeline/journal.ts";
import { jobsOf, planOf, type Subjects } from "../../pipeline/recipe.ts";
import { runLog } from "../../pipeline/run-log.ts";
import { runJobs } from "../../pipeline/run-jobs.ts";
import { withProfileLock } from "../../state/lock.ts";
import { markFolder } from "../../state/own-folders.ts";
import { hasRecord, loadCluster, saveCluster } from "../../state/store.ts";
import { keepingOwnFolders } from "../addons/own-folder.ts";
import { downloadAddonsJob } from "../addons/wishes.ts";
import { apiServerUrl } from "../access/reach.ts";
import { machineStatesOf, openCluster, withTransport } from "../access/open-cluster.ts";
import { deleteHoldingLock } from "./delete.ts";
import { recipe } from "./recipe.ts";
import { settle, type StartWishes } from "./settle.ts";
import { addons } from "./steps/addons.ts";
import { firstAddons } from "./steps/first-addons.ts";
import { askForeignServer } from "./steps/cri-server.ts";
import { type ClusterBase, type ClusterState, type NodeBase, type NodeState } from "./state.ts";
import { notice, noticesOnly, quietly, type UseCaseContext } from "../access/use-case.ts";

export interface StartOptions extends StartWishes {
  readonly dryRun?: boolean;
  readonly downloadOnly?: boolean;
  /** Only what they need of the nodes: whoever calls applies their objects. */
  readonly withoutAddons?: boolean;
  /** Called before host packages are installed; false stops with HOST_PACKAGES_MISSING. */
  readonly confirmPackages: (packages: readonly string[]) => Promise<boolean>;
  /** Called before the runtime of a cluster that has machines is changed; false stops with RUNTIME_CHANGE_UNCONFIRMED. */
  readonly confirmRuntimeChange: (change: { readonly from: string; readonly to: string }) => Promise<boolean>;
}

export interface StartResult {
  readonly name: string;
  readonly driver: string;
  readonly runtime: string;
  readonly kubernetesVersion: string;
  readonly artifacts: "upstream" | "debian";
  readonly address?: string;
  readonly server?: string;
  readonly context?: string;
  readonly seconds: number;
  /** Sentences of a dry run. */
  readonly plan?: readonly string[];
}

/**
 * Creates or starts the cluster, or changes its settings. Idempotent: a second call on a healthy cluster writes nothing; after a call
 * that was killed at any point it continues. Nothing that exists is ever removed, unless `recreate` is set. A dry run only reads, so it waits
 * for no lock.
 * Rejects with STATE_PATH_UNUSABLE before anything is created, and with CLUSTER_DELETED_MEANWHILE when the cluster existed and a `delete`
 * removed it while this call waited for the lock.
 */
export async function start(options: StartOptions, context: UseCaseContext): Promise<StartResult> {
  refuseUnusablePath(context.host.stateDir);
  if (options.dryRun) return startHoldingLock(options, context);
  const { host, signal } = context;
  const { name } = options;
  let wasThere = await hasRecord(host, name);
  const lock = {
    command: "localkube start",
    signal,
    onWait: (text: string) => notice(context, text),
    whileWaiting: async () => {
      wasThere ||= await hasRecord(host, name);
    },
  };
  return withProfileLock(host, name, lock, async (locked) => {
    if (wasThere && !(await hasRecord(host, name)))
      throw new LocalkubeError("CLUSTER_DELETED_MEANWHILE", { name });
    return startHoldingLock(options, { ...context, signal: locked });
  });
}

/** Keys and sockets are stored there, and OpenSSH expands `${…}` in a path and has no way to escape it. */
function refuseUnusablePath(folder: string): void {
  const what = /[\r\n]/.test(folder) ? "an end of line" : folder.includes("${") ? "'${'" : undefined;
  if (what !== undefined)
    throw new LocalkubeError("STATE_PATH_UNUSABLE", { folder: JSON.stringify(folder), what });
}

/** The same for a caller that holds the profile's lock. */
export async function startHoldingLock(options: StartOptions, context: UseCaseContext): Promise<StartResult> {
  const startedAt = Date.now();
  const { host } = context;
  const state = await settle(options, context);
  const rows = recipe.filter(
    ({ download, step }) =>
      (!options.downloadOnly || download) &&
      !(options.withoutAddons && (step === addons || step === firstAddons)),
  );
  const subjects: Subjects<ClusterState, NodeState> = {
    cluster: state,
    nodes: state.nodes.map((node) => ({ name: node.name, state: node })),
  };
  const { spec, driver, runtime, kubernetesVersion, artifactsSource } = state.record;
  const summary = { name: spec.name, driver, runtime, kubernetesVersion, artifacts: artifactsSource };
  if (options.dryRun) {
    const plan = await planOf<ClusterState, ClusterBase, NodeState, NodeBase>(rows, subjects);
    return {
      ...summary,
      plan: [...(await lossesOf(options, host)), ...plan],
      seconds: (Date.now() - startedAt) / 1000,
    };
  }
  await refuseUnconfirmedPackages(state, options);
  await refuseUnfitChange(state, options, context);
  await markFolder(host, "cache");
  // After all other checks: an error in the requested values must not cost the old cluster.
  if (options.recreate && !options.downloadOnly)
    await keepingOwnFolders(state.paths, () => deleteHoldingLock(options.name, noticesOnly(context)));
  // The record is written before anything is created, so that `delete` finds whatever a killed start leaves.
  if (!options.downloadOnly) await saveCluster(host, state.record);
  const record: EmitEvent = options.downloadOnly ? () => undefined : journal(state.paths.journal);
  const emit: EmitEvent = (event) => {
    record(event);
    context.emit(event);
  };
  const write = options.downloadOnly ? () => undefined : runLog(state.paths.startLog);
  const log = (line: string): void => {
    write(line);
    context.log(line);
  };
  try {
    const jobs = jobsOf<ClusterState, ClusterBase, NodeState, NodeBase>(rows, subjects);
    const hasAddons = options.downloadOnly && Object.keys(spec.addons).length > 0;
    const last = jobs.map(({ id }) => id);
    const more = hasAddons ? [downloadAddonsJob(state.record, state.paths.addons, last)] : [];
    await runJobs([...jobs, ...more], { ...context, log, command: "start", profile: spec.name, emit });
  } finally {
    state.api?.close();
    for (const { volume, transport } of state.nodes) {
      await volume
        ?.release()
        .catch((error: unknown) => log(`could not eject the artifacts ISO: ${String(error)}`));
      await transport?.close();
    }
  }
  const seconds = (Date.now() - startedAt) / 1000;
  const { machine } = firstNode(state);
  return machine
    ? { ...summary, address: machine.address, server: apiServerUrl(machine), context: spec.name, seconds }
    : { ...summary, seconds };
}

/** What `--recreate` costs, for the plan: the first thing to read in it. */
async function lossesOf(
  { name, recreate, downloadOnly }: StartOptions,
  host: HostContext,
): Promise<readonly string[]> {
  const existing = recreate && !downloadOnly ? await loadCluster(host, name) : undefined;
  if (!existing) return [];
  const created = `created ${existing.createdAt.slice(0, 10)} with the driver ${existing.driver}`;
  return [`delete the cluster ${name} (${created}) with all its data: objects, images, volumes, snapshots`];
}

async function refuseUnfitChange(
  state: ClusterState,
  { confirmRuntimeChange, downloadOnly, recreate }: StartOptions,
  context: UseCaseContext,
): Promise<void> {
  const { record, runtimeBefore } = state;
  if (downloadOnly) return;
  const change = runtimeBefore === undefined ? undefined : { from: runtimeBefore, to: record.runtime };
  if (change && !(await confirmRuntimeChange(change)))
    throw new LocalkubeError("RUNTIME_CHANGE_UNCONFIRMED", { name: record.spec.name, ...change });
  if (state.runtime.foreign && !recreate) await askBeforeChange(state, context);
}

/** Where the machine runs already, a CRI server that cannot be used is found before a change of it, or of Kubernetes, is on record. */
async function askBeforeChange(state: ClusterState, context: UseCaseContext): Promise<void> {
  const { spec, runtime, kubernetesVersion } = state.record;
  const before = await loadCluster(context.host, spec.name);
  if (!before || (before.runtime === runtime && before.kubernetesVersion === kubernetesVersion)) return;
  const isFirst = before.runtime === runtime ? {} : { isFirst: true };
  const cluster = await openCluster(spec.name, context);
  const states = await machineStatesOf(cluster, quietly(context));
  for (const [index, node] of cluster.nodes.entries())
    if (states[index] === "running")
      await withTransport(node, context, (transport) =>
        askForeignServer({ ...state, ...isFirst }, transport, context.signal),
      );
}

async function refuseUnconfirmedPackages(
  { missingPackages }: ClusterState,
  options: StartOptions,
): Promise<void> {
  if (missingPackages.length === 0 || (await options.confirmPackages(missingPackages))) return;
  const packages = missingPackages.join(" ");
  throw new LocalkubeError("HOST_PACKAGES_MISSING", {
    packages,
    command: `sudo apt-get install -y ${packages}`,
  });
}
