import { catalogueEntry } from "../../artifacts/catalogue/catalogue-entry.ts";
import { etcdFlagState, flagState } from "../../artifacts/catalogue/flags.ts";
import { type ArtifactPlan, planArtifacts } from "../../artifacts/artifact-set.ts";
import type { DriverDefinition, Probe } from "../../contract/driver.ts";
import { firstNode } from "../../contract/node.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import { driverOptions } from "../../machine/driver-options.ts";
import { chooseDriver, loadDriver } from "../../machine/driver-registry.ts";
import type { ImageSource } from "../../machine/image/machine-image.ts";
import { checkKubeconfig } from "../../provision/kubeconfig/merge-kubeconfig.ts";
import { loadPodNetwork } from "../../provision/network/pod-network.ts";
import { assertUserFlags } from "../../provision/node/flags.ts";
import { networkAddress, parseNetwork } from "../../host/network.ts";
import { isForeign } from "../../runtimes/foreign/index.ts";
import { assertChangeable, diffSpec } from "../../spec/diff-spec.ts";
import type { ClusterSpec, SpecLayer } from "../../spec/fields.ts";
import { resolveSpec } from "../../spec/resolve-spec.ts";
import { type ClusterRecord, recordSchema } from "../../state/cluster-record.ts";
import { clusterPaths, nodePaths } from "../../state/paths.ts";
import { loadCluster } from "../../state/store.ts";
import { recordedAddons } from "../addons/choose.ts";
import { withAddonRegistries } from "../addons/node-parts.ts";
import { withRecordedAddons } from "../addons/record.ts";
import { runtimeOf } from "../access/open-cluster.ts";
import { machineName } from "../access/reach.ts";
import { notice, type UseCaseContext } from "../access/use-case.ts";
import { machineStates } from "../look/machine-states.ts";
import { checkSpecOnHost } from "../spec/check-spec-on-host.ts";
import { specSurroundings } from "../spec/surroundings.ts";
import { neededPackages } from "./host-needs.ts";
import { imageSource, refuseAbsentPrograms, refuseLackingImage } from "./image-source.ts";
import { readRegistryAccess } from "./registry-access.ts";
import type { ClusterState, NodeState } from "./state.ts";
import { takesDefaultAddons, wantedAddons } from "./wanted-addons.ts";
import { changedRuntime, namedRuntime, refuseOwnSocket, wantedRuntime } from "./wanted-runtime.ts";
import { artifactWishes } from "./wishes.ts";

/** What the user requested of a start. */
export interface StartWishes {
  readonly name: string;
  /** Strongest first; the existing profile's spec comes between `file` and `settings`. */
  readonly wishes: { readonly flags: SpecLayer; readonly file: SpecLayer; readonly settings: SpecLayer };
  /** Remove the cluster with its data first. */
  readonly recreate?: boolean;
  /** Build the machine image even if it is in the cache. */
  readonly refreshImage?: boolean;
}

/** The decisions behind a start, made before the first change and fixed from then on. */
interface Settled {
  readonly record: ClusterRecord;
  readonly definition: DriverDefinition;
  readonly probe: () => Promise<Probe>;
  readonly plan: ArtifactPlan;
  readonly image: ImageSource;
  readonly runtimeBefore?: string | undefined;
}

/** Decides everything that must not change later, without changing anything. Rejects with the first obstacle. */
export async function settle(wishes: StartWishes, context: UseCaseContext): Promise<ClusterState> {
  const { host } = context;
  const recorded = withSettledArtifacts(await loadCluster(host, wishes.name));
  // A recreated cluster keeps its settings, but no decision made for the old one binds it.
  const existing = wishes.recreate ? undefined : recorded;
  if (existing?.phase === "deleting")
    throw new LocalkubeError("CLUSTER_BEING_DELETED", { name: wishes.name });
  const spec = await wantedSpec(wishes, { recorded, existing }, context);
  await checkKubeconfig(wishes.name, host);
  await loadPodNetwork(spec.cni); // read again when it is needed; an error in it is reported now
  const settled = existing
    ? await settleExisting(spec, existing, context)
    : await settleNew(spec, !recorded && takesDefaultAddons(wishes.wishes), context);
  if (wishes.refreshImage && !settled.image.aging)
    throw new LocalkubeError("IMAGE_NOT_REFRESHABLE", { driver: settled.definition.name });
  return stateOf(settled, wishes.refreshImage ?? false, context);
}

/** The spec that results from flags, file, the recorded cluster and settings, checked against this host. */
async function wantedSpec(
  { wishes }: StartWishes,
  {
    recorded,
    existing,
  }: { readonly recorded?: ClusterRecord | undefined; readonly existing?: ClusterRecord | undefined },
  context: UseCaseContext,
): Promise<ClusterSpec> {
  const surroundings = specSurroundings();
  const spec = resolveSpec({ ...wishes, existing: recorded?.spec }, surroundings);
  const heldPort = recorded && !existing ? await portHeldBy(recorded, context) : undefined;
  // The drivers that `auto` chooses from create machines on this computer.
  const named = existing?.driver ?? (spec.driver === "auto" ? undefined : spec.driver);
  const isElsewhere = named !== undefined && (await loadDriver(named)).capabilities.resources === "own";
  const { capacity } = surroundings;
  await checkSpecOnHost(spec, context.host, { existing: existing?.spec, heldPort, capacity, isElsewhere });
  return spec;
}

/** A recorded cluster keeps what was decided when it was created; the change must be one it can take. */
async function settleExisting(
  spec: ClusterSpec,
  existing: ClusterRecord,
  { host }: UseCaseContext,
): Promise<Settled> {
  const definition = await loadDriver(existing.driver);
  const settled = { ...existing, artifacts: existing.artifactsSource };
  const changes = diffSpec(existing.spec, spec, settled, driverOptions[existing.driver]);
  assertChangeable(spec.name, changes, definition.capabilities);
  const wanted = {
    kubernetesVersion: spec.kubernetesVersion || existing.kubernetesVersion,
    artifacts: existing.artifactsSource,
    mirror: spec.mirror,
  };
  const runtime = wantedRuntime(spec, existing);
  const hasMachines = existing.nodes.some(({ machine }) => machine);
  if (hasMachines && runtime !== existing.runtime && definition.capabilities.origin === "existing")
    throw new LocalkubeError("CHANGE_NEEDS_RECREATE", {
      name: spec.name,
      field: isForeign(runtime) ? "cri-socket" : "runtime",
      from: existing.runtime,
      to: isForeign(runtime) ? spec.criSocket : runtime,
    });
  if (runtime !== existing.runtime && isForeign(runtime)) refuseOwnSocket(spec, existing);
  const plan = await planArtifacts(wanted, wishesOf(runtime, spec.ociRuntimes), host);
  refuseUnknownFlags(spec, plan.kubernetesVersion);
  const image = await imageSource(spec, definition, host);
  const addons = await wantedAddons(spec, existing.spec.addons, plan, host);
  const record: ClusterRecord = {
    ...withRecordedAddons(existing, addons),
    spec: { ...spec, addons },
    kubernetesVersion: plan.kubernetesVersion,
    // Where there is no machine yet, no runtime was put into one.
    ...(hasMachines ? changedRuntime(existing, runtime) : { runtime }),
  };
  if (runtime !== existing.runtime)
    refuseAbsentPrograms({ ...spec, runtime }, plan, definition.capabilities.image);
  const runtimeBefore = hasMachines && runtime !== existing.runtime ? existing.runtime : undefined;
  return { record, definition, probe: () => definition.probe(host), plan, image, runtimeBefore };
}

/** A new cluster: `auto` and `cri` are resolved here, and the addresses are fixed for its life. */
async function settleNew(
  spec: ClusterSpec,
  withDefaults: boolean,
  context: UseCaseContext,
): Promise<Settled> {
  const { host } = context;
  const [choice, plan] = await Promise.all([
    chooseDriver(spec.driver, host),
    planArtifacts(spec, wishesOf(namedRuntime(spec), spec.ociRuntimes), host),
  ]);
  refuseUnknownFlags(spec, plan.kubernetesVersion);
  notice(context, choice.reason);
  notice(context, `artifacts ${plan.source}: ${plan.reason}`);
  const { definition, probe } = choice;
  const addons = await wantedAddons(spec, {}, plan, host, withDefaults);
  const record: ClusterRecord = {
    schema: recordSchema,
    spec: { ...spec, addons },
    createdAt: new Date().toISOString(),
    phase: "creating",
    driver: definition.name,
    runtime: namedRuntime(spec),
    kubernetesVersion: plan.kubernetesVersion,
    artifactsSource: plan.source,
    nodes: [{ name: spec.name, role: "control-plane" }],
    addresses: serviceAddresses(spec.serviceCidr),
  };
  const image = await imageSource(spec, definition, host);
  refuseLackingImage(spec, plan);
  refuseAbsentPrograms(spec, plan, definition.capabilities.image);
  return { record, definition, probe: () => Promise.resolve(probe), plan, image };
}

/** The two addresses of a service network that are fixed by convention: the first is the API's, the tenth is DNS's. */
function serviceAddresses(serviceCidr: string): ClusterRecord["addresses"] {
  const network = parseNetwork(serviceCidr);
  if (!network) throw new Error(`${serviceCidr} is no IPv4 network`); // the field's parser let it through
  return { kubernetesService: networkAddress(network, 1), clusterDns: networkAddress(network, 10) };
}

async function stateOf(
  { record, definition, probe, plan, image, runtimeBefore }: Settled,
  refreshImage: boolean,
  context: UseCaseContext,
): Promise<ClusterState> {
  const { host } = context;
  const { name } = record.spec;
  // An existing machine was created with everything it needs.
  const runtime = runtimeOf(record);
  const paths = clusterPaths(host, name);
  const { parts: addonParts, first: firstAddons } = await recordedAddons(record, paths.addons);
  const access = await readRegistryAccess(record.spec, runtime, context);
  const registryAccess = withAddonRegistries(access, addonParts, runtime);
  const createsMachines = !record.nodes.every(({ machine }) => machine);
  const missingPackages =
    createsMachines || refreshImage
      ? await neededPackages(await probe(), host, image, plan, refreshImage)
      : [];
  if (createsMachines && !refreshImage) await warnOfOldImage(image, context);
  const nodes: NodeState[] = [];
  const state: ClusterState = {
    host,
    paths,
    record,
    runtime,
    firstAddons,
    addonParts,
    ...(runtimeBefore === undefined ? {} : { runtimeBefore }),
    plan,
    image,
    registryAccess,
    refreshImage,
    missingPackages,
    notice: (text, level) => notice(context, text, level),
    nodes,
  };
  const driver = definition.open(host);
  for (const { name: node, role } of record.nodes)
    nodes.push({
      cluster: state,
      name: node,
      role,
      machineName: machineName(name, node),
      paths: nodePaths(host, name, node),
      definition,
      driver,
    });
  return state;
}

/** Its packages are those of the day it was built; newer ones fix security faults. */
const oldImageDays = 60;

async function warnOfOldImage(image: ImageSource, context: UseCaseContext): Promise<void> {
  const built = await image.aging?.builtAt();
  if (built === undefined || !(await image.ready())) return;
  const days = Math.floor((Date.now() - built) / 86_400_000);
  if (days > oldImageDays)
    notice(
      context,
      `${image.title} was built ${days} days ago; build it again with: localkube start --refresh-image`,
    );
}

const wishesOf = (runtime: string, ociRuntimes: readonly string[]) => (kubernetesVersion: string) =>
  artifactWishes(kubernetesVersion, runtime, ociRuntimes);

const refuseUnknownFlags = (spec: ClusterSpec, version: string): void =>
  assertUserFlags(
    spec,
    version,
    (program, flag) => flagState(program, flag, version),
    (flag) => etcdFlagState(flag, catalogueEntry(version).etcd),
    catalogueEntry(version).etcd,
  );

/** Earlier releases recorded a changed artifacts setting for an existing cluster but kept using its original artifacts. */
function withSettledArtifacts(record: ClusterRecord | undefined): ClusterRecord | undefined {
  if (!record || record.spec.artifacts === "auto") return record;
  return { ...record, spec: { ...record.spec, artifacts: record.artifactsSource } };
}

/** The API port on this host of a running cluster that is about to be removed; undefined when another program may have taken it by now. */
async function portHeldBy(record: ClusterRecord, context: UseCaseContext): Promise<number | undefined> {
  const [states] = await machineStates([record], context);
  const state = states?.[0];
  return state === "running" || state === "paused" ? firstNode(record).machine?.ports.api : undefined;
}
