import { readFile } from "node:fs/promises";
import type { Driver, DriverDefinition, MachineRef, MachineState } from "../../contract/driver.ts";
import type { HostContext, RunContext } from "../../contract/host.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import { firstNode, type NodeRole } from "../../contract/node.ts";
import type { Runtime } from "../../contract/runtime.ts";
import type { SshEndpoint, Transport } from "../../contract/transport.ts";
import { writeKnownHosts } from "../../machine/ssh/openssh.ts";
import { loadDriver } from "../../machine/driver-registry.ts";
import { ApiClient } from "../../kube/api-client.ts";
import type { ClusterRecord, NodeRecord } from "../../state/cluster-record.ts";
import { clusterPaths, nodePaths, type NodePaths } from "../../state/paths.ts";
import { loadCluster } from "../../state/store.ts";
import { didYouMean } from "../../host/nearest-word.ts";
import { ociRuntimesByName, withOciRuntimes } from "../../runtimes/oci/registry.ts";
import { runtimeFor } from "../../runtimes/registry.ts";
import { catalogueEntry } from "../../artifacts/catalogue/catalogue-entry.ts";
import { apiServerUrl, endpointOf, machineName } from "./reach.ts";
import { quietly, type UseCaseContext } from "./use-case.ts";

/** A recorded cluster with its driver. */
export interface OpenCluster {
  readonly host: HostContext;
  readonly record: ClusterRecord;
  readonly paths: ReturnType<typeof clusterPaths>;
  readonly definition: DriverDefinition;
  readonly driver: Driver;
  /** In the record's order. */
  readonly nodes: readonly OpenNode[];
}

/** One of its nodes. */
export interface OpenNode extends NodeRecord {
  readonly cluster: OpenCluster;
  /** Name in the hypervisor, whether there is a machine or not. */
  readonly machineName: string;
  readonly paths: NodePaths;
}

/** A node whose machine the driver has created. */
export type CreatedNode = OpenNode & { readonly machine: MachineRef };

const leastConnectMs = 15_000;
/** A handshake takes several round trips, and an emulated machine that is busy takes seconds for each. */
const answersToConnect = 6;

/** The runtime of a recorded cluster's nodes. Rejects with RUNTIME_UNKNOWN where another release of localkube recorded one. */
export const runtimeOf = ({ runtime, kubernetesVersion, spec }: ClusterRecord): Runtime =>
  withOciRuntimes(
    runtimeFor(runtime, catalogueEntry(kubernetesVersion)),
    ociRuntimesByName(spec.ociRuntimes),
  );

/** Rejects with CLUSTER_UNKNOWN when the profile has no cluster. */
export async function openCluster(name: string, { host }: UseCaseContext): Promise<OpenCluster> {
  const record = await loadCluster(host, name);
  if (!record) throw new LocalkubeError("CLUSTER_UNKNOWN", { name });
  const definition = await loadDriver(record.driver);
  const nodes: OpenNode[] = [];
  const paths = clusterPaths(host, name);
  const cluster: OpenCluster = { host, record, paths, definition, driver: definition.open(host), nodes };
  for (const node of record.nodes)
    nodes.push({
      ...node,
      cluster,
      machineName: machineName(name, node.name),
      paths: nodePaths(host, name, node.name),
    });
  return cluster;
}

/** The node of this name, or the first; rejects with NODE_UNKNOWN, which lists the nodes. */
export function nodeOf(cluster: OpenCluster, name?: string): OpenNode {
  if (name === undefined) return firstNode(cluster);
  const found = cluster.nodes.find((node) => node.name === name);
  if (found) return found;
  const nodes = cluster.nodes.map((node) => node.name);
  throw new LocalkubeError("NODE_UNKNOWN", {
    node: name,
    name: cluster.record.spec.name,
    hint: didYouMean(name, nodes),
    nodes: nodes.join(", "),
  });
}

/**
 * The nodes in the order in which they are stopped: workers first, then the control planes, the first node last. Whatever starts or resumes
 * machines takes the reverse.
 */
export function stopOrder<N extends { readonly role: NodeRole }>(nodes: readonly N[]): readonly N[] {
  const backwards = [...nodes].reverse();
  const ofRole = (role: NodeRole): readonly N[] => backwards.filter((node) => node.role === role);
  return [...ofRole("worker"), ...ofRole("control-plane")];
}

export const startOrder = <N extends { readonly role: NodeRole }>(nodes: readonly N[]): readonly N[] =>
  [...stopOrder(nodes)].reverse();

/** All nodes, if each has a machine. Rejects with CLUSTER_NOT_RUNNING naming the first that is absent. */
export function allCreated(nodes: readonly OpenNode[]): readonly CreatedNode[] {
  for (const node of nodes)
    if (!node.machine) {
      const { name } = node.cluster.record.spec;
      throw new LocalkubeError("CLUSTER_NOT_RUNNING", { name, machine: node.machineName, state: "absent" });
    }
  return nodes.filter(isCreated);
}

export const isCreated = (node: OpenNode): node is CreatedNode => node.machine !== undefined;

/** The node's running machine. Rejects with CLUSTER_NOT_RUNNING naming its state, or CLUSTER_BEING_DELETED after an interrupted delete. */
export async function runningMachine(node: OpenNode, context: UseCaseContext): Promise<MachineRef> {
  const { machine, machineName: name } = node;
  const { record, driver } = node.cluster;
  const state: MachineState = machine ? await driver.state(machine, quietly(context)) : "absent";
  if (machine && state === "running") return machine;
  if (record.phase === "deleting")
    throw new LocalkubeError("CLUSTER_BEING_DELETED", { name: record.spec.name });
  throw new LocalkubeError("CLUSTER_NOT_RUNNING", {
    name: record.spec.name,
    machine: name,
    state,
  });
}

/** The current states of the machines, in the order of the nodes. Read-only. */
export const machineStatesOf = (
  { nodes, driver }: Pick<OpenCluster, "nodes" | "driver">,
  c: RunContext,
): Promise<readonly MachineState[]> =>
  Promise.all(nodes.map(async ({ machine }) => (machine ? await driver.state(machine, c) : "absent")));

export const endpointOfNode = ({ paths, cluster }: OpenNode, machine: MachineRef): Promise<SshEndpoint> =>
  endpointOf(machine, paths, cluster.host);

/** Runs `work` with a connection to the node's running machine, then closes it. */
export async function withTransport<T>(
  node: OpenNode,
  context: UseCaseContext,
  work: (transport: Transport, machine: MachineRef) => Promise<T>,
): Promise<T> {
  const machine = await runningMachine(node, context);
  const { connect } = await import("../../machine/ssh/transport.ts");
  const { signal, log } = context;
  const transport = await connect(await endpointOfNode(node, machine), {
    signal,
    timeoutMs: Math.max(leastConnectMs, answersToConnect * node.cluster.definition.capabilities.answerMs),
    log,
  });
  try {
    return await work(transport, machine);
  } finally {
    await transport.close();
  }
}

/** Client with the administrator's certificate; the caller must close it. */
export async function apiClient({ paths }: OpenCluster, machine: MachineRef): Promise<ApiClient> {
  const read = (file: string): Promise<string> => readFile(`${paths.pki}/${file}`, "utf8");
  const [ca, certificate, key] = await Promise.all([read("ca.crt"), read("admin.crt"), read("admin.key")]);
  return new ApiClient({ server: apiServerUrl(machine), ca, certificate, key });
}

/** A node as a user names it. */
export interface NodeChoice {
  /** The cluster's profile. */
  readonly name: string;
  /** Undefined: the first. */
  readonly node?: string | undefined;
}

/** What the OpenSSH programs need to reach a machine. */
export interface OpensshAccess {
  readonly endpoint: SshEndpoint;
  /** Contains only the machine's key. */
  readonly knownHostsFile: string;
}

/** Access to the running machine of a node, by default the first. Rejects with CLUSTER_UNKNOWN, NODE_UNKNOWN or CLUSTER_NOT_RUNNING. */
export async function opensshAccess(
  { name, node: wanted }: NodeChoice,
  context: UseCaseContext,
): Promise<OpensshAccess> {
  const node = nodeOf(await openCluster(name, context), wanted);
  const endpoint = await endpointOfNode(node, await runningMachine(node, context));
  const knownHostsFile = node.paths.knownHosts;
  // The machine keeps its host key for life, but not its port.
  await writeKnownHosts(knownHostsFile, endpoint);
  return { endpoint, knownHostsFile };
}
