import type { ArtifactPlan } from "../../artifacts/artifact-set.ts";
import type { ArtifactSet } from "../../contract/artifact.ts";
import type { Driver, DriverDefinition, MachineRef } from "../../contract/driver.ts";
import type { HostContext } from "../../contract/host.ts";
import type { NodeRole } from "../../contract/node.ts";
import type { Runtime } from "../../contract/runtime.ts";
import type { ForeignServer } from "../../runtimes/foreign/ask.ts";
import type { PushOptions, Transport } from "../../contract/transport.ts";
import type { NodePart } from "../addons/node-parts.ts";
import type { ImageSource } from "../../machine/image/machine-image.ts";
import { type GuestFacts, isEmulated } from "../../provision/guest/guest-facts.ts";
import type { ApiClient } from "../../kube/api-client.ts";
import type { Waiting } from "../../kube/wait-until.ts";
import type { PodNetwork } from "../../provision/network/pod-network.ts";
import type { NodeFiles } from "../../provision/node/node-files.ts";
import type { RegistryAccess } from "../../provision/node/node-input.ts";
import type { CertificateSet } from "../../provision/pki/ensure-certificates.ts";
import { type ClusterRecord, withNode } from "../../state/cluster-record.ts";
import type { clusterPaths, NodePaths } from "../../state/paths.ts";
import { saveCluster } from "../../state/store.ts";

/** What is known of any recorded cluster; enough to remove it. */
export interface ClusterBase {
  readonly host: HostContext;
  readonly paths: ReturnType<typeof clusterPaths>;
  readonly record: ClusterRecord;
}

/** One node of it. */
export interface NodeBase {
  readonly cluster: ClusterBase;
  /** The node's name in Kubernetes, and its machine's hostname. */
  readonly name: string;
  readonly role: NodeRole;
  /** Name in the hypervisor. */
  readonly machineName: string;
  readonly paths: NodePaths;
  readonly driver: Driver;
}

/** What is decided for the whole cluster before a start, plus what its steps find out; each later field is set by the step named beside it. */
export interface ClusterState extends ClusterBase {
  readonly runtime: Runtime;
  readonly plan: ArtifactPlan;
  readonly image: ImageSource;
  /** With secrets: only for the nodes. */
  readonly registryAccess: RegistryAccess;
  /** Names of those on record that do not wait for the cluster to be usable. */
  readonly firstAddons: readonly string[];
  /** What the addons on record need of the nodes. */
  readonly addonParts: readonly NodePart[];
  /** Build the machine image even if it is in the cache. */
  readonly refreshImage: boolean;
  /** Missing Debian packages of the host; installed by `host-packages`. */
  readonly missingPackages: readonly string[];
  /** Reports something a step found although nothing failed. */
  readonly notice: (text: string, level: "info" | "warning") => void;
  /** The runtime that the machines have until this start changes it; absent where nothing changes. */
  readonly runtimeBefore?: string;
  /** Same as on disk: change it only through `updateRecord`. */
  record: ClusterRecord;
  readonly nodes: readonly NodeState[];
  /** artifacts */
  artifacts?: ArtifactSet;
  /** certificates */
  certificates?: CertificateSet;
  /** api-ready */
  api?: ApiClient;
}

/** The same for one node. */
export interface NodeState extends NodeBase {
  readonly cluster: ClusterState;
  readonly definition: DriverDefinition;
  /** machine-create */
  machine?: MachineRef;
  /** machine-connect */
  transport?: Transport;
  facts?: GuestFacts;
  /** cri-server */
  server?: ForeignServer;
  /** artifact-volume; `release` undoes it. */
  volume?: NonNullable<PushOptions["volume"]> & { release(): Promise<void> };
  /** control-plane */
  network?: PodNetwork;
  files?: NodeFiles;
  /** Units that this start began or began again. */
  restarted?: readonly string[];
  /** images: what the runtime has, by name. */
  imageIds?: ReadonlyMap<string, string>;
}

/** Updates of a cluster's record that are not on disk yet; each waits for those before it. */
const updates = new WeakMap<ClusterState, Promise<void>>();

/**
 * Saves a change of the record, which gets the record as the updates before it left it: steps of several nodes run at the same time,
 * and none overwrites what another has recorded. The state's record is always the saved one.
 */
export function updateRecord(
  state: ClusterState,
  change: (record: ClusterRecord) => ClusterRecord,
): Promise<void> {
  const update = async (): Promise<void> => {
    const record = change(state.record);
    await saveCluster(state.host, record);
    state.record = record;
  };
  const before = updates.get(state) ?? Promise.resolve();
  const done = before.then(update, update); // the failure of another update was that caller's
  updates.set(state, done);
  return done;
}

/** The node's recorded machine; undefined until the driver has created it. */
export const recordedMachine = ({ cluster, name }: NodeBase): MachineRef | undefined =>
  cluster.record.nodes.find((node) => node.name === name)?.machine;

export const recordMachine = ({ cluster, name }: NodeState, machine: MachineRef): Promise<void> =>
  updateRecord(cluster, (record) => withNode(record, name, { machine }));

/** Options for waiting for a node's machine. */
export const waiting = (node: NodeState, signal: AbortSignal): Waiting => ({
  signal,
  emulated: isEmulated(need(node, "facts")),
});

/** Reads a field that an earlier step sets; if it is missing, the recipe's order is wrong. */
export function need<S extends object, K extends keyof S>(state: S, field: K): NonNullable<S[K]> {
  const value = state[field];
  if (value === undefined || value === null) throw new Error(`step order: ${String(field)} is not set yet`);
  return value;
}
