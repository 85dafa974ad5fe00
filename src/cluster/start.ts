import { catalogueEntry } from "../artifacts/catalogue/catalogue-entry.ts";
import { etcdFlagState, flagState } from "../artifacts/catalogue/flags.ts";
import { planArtifacts } from "../artifacts/artifact-set.ts";
import type { ClusterSpec } from "../contract/cluster-spec.ts";
import { LocalkubeError } from "../contract/errors/localkube-error.ts";
import { hostCapacity } from "../host/capacity.ts";
import { chooseDriver, driverNames, loadDriver } from "../machine/driver-registry.ts";
import { driverOptions } from "../machine/driver-options.ts";
import type { EmitEvent } from "../pipeline/events.ts";
import { journal } from "../pipeline/journal.ts";
import { runLog } from "../pipeline/run-log.ts";
import { runSteps } from "../pipeline/run-steps.ts";
import { runtimeByName, runtimeNames } from "../runtimes/registry.ts";
import { type ClusterRecord, recordSchema } from "../state/cluster-record.ts";
import { withProfileLock } from "../state/lock.ts";
import { markFolder } from "../state/own-folders.ts";
import { clusterPaths } from "../state/paths.ts";
import { hasRecord, loadCluster, saveCluster } from "../state/store.ts";
import { apiServerUrl } from "./api-server-url.ts";
import { assertUserFlags } from "../provision/node/flags.ts";
import { loadPodNetwork } from "../provision/network/load-pod-network.ts";
import { checkKubeconfig } from "../provision/kubeconfig/merge-kubeconfig.ts";
import { deleteHoldingLock } from "./delete.ts";
import { neededPackages } from "./host-needs.ts";
import { imageSource, refuseLackingImage } from "./image-source.ts";
import { machineStates } from "./machine-states.ts";
import { serviceAddresses } from "./service-addresses.ts";
import type { StartState } from "./start-state.ts";
import { startSteps } from "./start-steps.ts";
import { checkSpecOnHost } from "./spec/check-spec-on-host.ts";
import { assertChangeable, diffSpec } from "./spec/diff-spec.ts";
import { resolveSpec } from "./spec/resolve-spec.ts";
import type { SpecLayer } from "./spec/spec-layer.ts";
import { notice, noticesOnly, type UseCaseContext } from "./use-case.ts";

export interface StartOptions {
  readonly name: string;
  /** What the user said, by strength; the existing profile's spec comes between `file` and `settings`. */
  readonly wishes: { readonly flags: SpecLayer; readonly file: SpecLayer; readonly settings: SpecLayer };
  readonly dryRun?: boolean;
  readonly downloadOnly?: boolean;
  /** Remove the cluster with its data first. */
  readonly recreate?: boolean;
  /** Asked before host packages are installed; false stops with HOST_PACKAGES_MISSING. */
  readonly confirmPackages: (packages: readonly string[]) => Promise<boolean>;
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

const downloads = ["host-packages", "artifacts", "machine-image"];

/**
 * Makes the cluster be there and usable. Idempotent: a second call on a healthy cluster writes nothing; after a call that was killed
 * anywhere it goes on. Nothing that exists is ever removed, unless `recreate` says so. A dry run only reads, so it waits for nobody.
 * Rejects with STATE_PATH_UNUSABLE before anything is made, and with CLUSTER_DELETED_MEANWHILE when the cluster was there and a `delete` took it away while this call waited for its turn.
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

/** Keys and sockets lie there, and OpenSSH replaces `${…}` in a path without any way to write it literally. */
function refuseUnusablePath(folder: string): void {
  const what = /[\r\n]/.test(folder) ? "an end of line" : folder.includes("${") ? "'${'" : undefined;
  if (what !== undefined)
    throw new LocalkubeError("STATE_PATH_UNUSABLE", { folder: JSON.stringify(folder), what });
}

async function startHoldingLock(options: StartOptions, context: UseCaseContext): Promise<StartResult> {
  const startedAt = Date.now();
  const { host } = context;
  const state = await settle(options, context);
  const steps = options.downloadOnly ? startSteps.filter(({ id }) => downloads.includes(id)) : startSteps;
  const { spec, driver, runtime, kubernetesVersion, artifactsSource } = state.record;
  const summary = { name: spec.name, driver, runtime, kubernetesVersion, artifacts: artifactsSource };
  if (options.dryRun) {
    return { ...summary, plan: await planOf(steps, state), seconds: (Date.now() - startedAt) / 1000 };
  }
  await refuseUnconfirmedPackages(state, options);
  await markFolder(host, "cache");
  // Last of all checks: a mistake in the wishes must not cost the old cluster.
  if (options.recreate && !options.downloadOnly) await deleteHoldingLock(options.name, noticesOnly(context));
  // The record stands before anything is made, so that `delete` finds whatever a killed start leaves.
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
    await runSteps(steps, state, { ...context, log, command: "start", profile: spec.name, emit });
  } finally {
    await state.volume
      ?.release()
      .catch((error: unknown) => log(`the disc stays in the drive: ${String(error)}`));
    state.api?.close();
    await state.transport?.close();
  }
  const seconds = (Date.now() - startedAt) / 1000;
  const { machine } = state;
  return machine
    ? { ...summary, address: machine.address, server: apiServerUrl(machine), context: spec.name, seconds }
    : { ...summary, seconds };
}

async function planOf(steps: typeof startSteps, state: StartState): Promise<readonly string[]> {
  const plan: string[] = [];
  for (const step of steps) plan.push(...((await step.plan?.(state)) ?? []));
  return plan;
}

/** Decides everything that must not change later, without changing anything. */
async function settle(options: StartOptions, context: UseCaseContext): Promise<StartState> {
  const { host } = context;
  const tell: StartState["notice"] = (text, level) => notice(context, text, level);
  const recorded = withSettledArtifacts(await loadCluster(host, options.name));
  // A cluster made anew keeps its settings, but nothing that was settled for the old one binds it.
  const existing = options.recreate ? undefined : recorded;
  if (existing?.phase === "deleting")
    throw new LocalkubeError("CLUSTER_BEING_DELETED", { name: options.name });
  const capacity = hostCapacity();
  const spec = resolveSpec(
    { ...options.wishes, existing: recorded?.spec },
    { capacity, drivers: driverNames, runtimes: runtimeNames, driverOptions },
  );
  const heldPort = recorded && !existing ? await portHeldBy(recorded, context) : undefined;
  // Those that `auto` chooses among make machines on this computer.
  const named = existing?.driver ?? (spec.driver === "auto" ? undefined : spec.driver);
  const isElsewhere = named !== undefined && (await loadDriver(named)).capabilities.resources === "own";
  await checkSpecOnHost(spec, host, { existing: existing?.spec, heldPort, capacity, isElsewhere });
  await checkKubeconfig(options.name, host);
  await loadPodNetwork(spec.cni); // read again when it is needed; a mistake in it is told now
  const runtime = runtimeByName(spec.runtime);
  const paths = clusterPaths(host, options.name);
  const settled = { host, paths, runtime, notice: tell };
  if (existing) {
    const definition = await loadDriver(existing.driver);
    const settledChoices = { ...existing, artifacts: existing.artifactsSource };
    const changes = diffSpec(existing.spec, spec, settledChoices, driverOptions[existing.driver]);
    assertChangeable(options.name, changes, definition.capabilities);
    const wanted = {
      kubernetesVersion: spec.kubernetesVersion || existing.kubernetesVersion,
      artifacts: existing.artifactsSource,
      mirror: spec.mirror,
    };
    const plan = await planArtifacts(wanted, host);
    refuseUnknownFlags(spec, plan.kubernetesVersion);
    const image = await imageSource(spec, definition, host);
    const missingPackages = existing.machine
      ? []
      : await neededPackages(await definition.probe(host), host, image, plan);
    const record: ClusterRecord = { ...existing, spec, kubernetesVersion: plan.kubernetesVersion };
    return { ...settled, definition, driver: definition.open(host), plan, image, missingPackages, record };
  }
  const [choice, plan] = await Promise.all([chooseDriver(spec.driver, host), planArtifacts(spec, host)]);
  refuseUnknownFlags(spec, plan.kubernetesVersion);
  notice(context, choice.reason);
  notice(context, `artifacts ${plan.source}: ${plan.reason}`);
  const record: ClusterRecord = {
    schema: recordSchema,
    spec,
    createdAt: new Date().toISOString(),
    phase: "creating",
    driver: choice.definition.name,
    runtime: runtime.name,
    kubernetesVersion: plan.kubernetesVersion,
    artifactsSource: plan.source,
    addresses: serviceAddresses(spec.serviceCidr),
  };
  const { definition } = choice;
  const image = await imageSource(spec, definition, host);
  refuseLackingImage(spec, plan);
  const missingPackages = await neededPackages(choice.probe, host, image, plan);
  return { ...settled, definition, driver: definition.open(host), plan, image, missingPackages, record };
}

/** Earlier releases recorded another wish for the artifacts of a cluster and went on with those it had. */
function withSettledArtifacts(record: ClusterRecord | undefined): ClusterRecord | undefined {
  if (!record || record.spec.artifacts === "auto") return record;
  return { ...record, spec: { ...record.spec, artifacts: record.artifactsSource } };
}

/** The API port on this host of a cluster that runs and is about to be removed; undefined when something else may have it by now. */
async function portHeldBy(record: ClusterRecord, context: UseCaseContext): Promise<number | undefined> {
  const [state] = await machineStates([record], context);
  return state === "running" || state === "paused" ? record.machine?.ports.api : undefined;
}

const refuseUnknownFlags = (spec: ClusterSpec, version: string): void =>
  assertUserFlags(
    spec,
    version,
    (program, flag) => flagState(program, flag, version),
    (flag) => etcdFlagState(flag, catalogueEntry(version).etcd),
  );

async function refuseUnconfirmedPackages(
  { missingPackages }: StartState,
  options: StartOptions,
): Promise<void> {
  if (missingPackages.length === 0 || (await options.confirmPackages(missingPackages))) return;
  const packages = missingPackages.join(" ");
  throw new LocalkubeError("HOST_PACKAGES_MISSING", {
    packages,
    command: `sudo apt-get install -y ${packages}`,
  });
}
