import type { MachineCost, MachineRef, MachineState } from "../../contract/driver.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { RunContext } from "../../contract/host.ts";
import { firstNode, type NodeRole } from "../../contract/node.ts";
import { kubeconfigState, type KubeconfigState } from "../../provision/kubeconfig/kubeconfig-state.ts";
import { loadCluster } from "../../state/store.ts";
import { type AddonTrouble, addonTroubles } from "../addons/troubles.ts";
import { apiServerUrl, apiTunnelState } from "../access/reach.ts";
import { costText } from "../access/cost-text.ts";
import {
  apiClient,
  isCreated,
  machineStatesOf,
  openCluster,
  type OpenCluster,
  type OpenNode,
} from "../access/open-cluster.ts";
import { isPaused } from "../life/pause.ts";
import { quietly, type UseCaseContext } from "../access/use-case.ts";

type NodeHealth = "ready" | "not-ready" | "paused" | "unknown";
type Health = "running" | "not-ready" | "paused" | "unreachable";

export interface StatusResult {
  readonly name: string;
  readonly exists: boolean;
  readonly driver?: string;
  readonly kubernetesVersion?: string;
  /** `running` when the machines of all nodes are, else the state of the first that is not. */
  readonly machine: MachineState;
  readonly api: Health;
  /** State of the SSH tunnel to the API, where one is used; `start` reopens a lost one. */
  readonly tunnel?: "open" | "gone";
  /** `ready` when all nodes are. */
  readonly node: NodeHealth;
  readonly nodes: readonly NodeStatus[];
  /** Addons that are degraded or drifted, as far as a glance tells; absent when the API server does not say. No part of the exit code. */
  readonly addons?: readonly AddonTrouble[];
  readonly kubeconfig: KubeconfigState;
  /** 1 machine not running, 2 cluster not healthy or paused, 4 kubeconfig wrong; 7 = nothing exists. */
  readonly exitCode: number;
  /** The hypervisor's description of a broken or unknown machine. */
  readonly diagnosis?: string;
  /** The price of the first node's machine, where it is paid for; `text` is the readable form. */
  readonly cost?: ReadableCost;
}

/** One node of the cluster. */
export interface NodeStatus {
  readonly name: string;
  readonly role: NodeRole;
  readonly machine: MachineState;
  /** Absent until there is a machine. */
  readonly address?: string;
  readonly node: NodeHealth;
  readonly cost?: ReadableCost;
}

type ReadableCost = MachineCost & { readonly text: string };

const bits = { machine: 1, cluster: 2, kubeconfig: 4 } as const;

/** The current state from hypervisor, API and kubeconfig. Read-only; ends within seconds whatever is broken. */
export async function status(name: string, context: UseCaseContext): Promise<StatusResult> {
  if (!(await loadCluster(context.host, name))) {
    return {
      name,
      exists: false,
      machine: "absent",
      api: "unreachable",
      node: "unknown",
      nodes: [],
      kubeconfig: "missing",
      exitCode: 7,
    };
  }
  const cluster = await openCluster(name, context);
  const { record } = cluster;
  const c = quietly(context);
  const machines = await machineStatesOf(cluster, c);
  const machine = machines.find((state) => state !== "running") ?? "running";
  const diagnosis = await diagnosisOf(cluster, machines, c);
  const { api, health, tunnel, addons } = await apiState(cluster, machines[0], context);
  const nodes = await Promise.all(
    cluster.nodes.map((each, index) =>
      nodeStatus(each, machines[index] ?? "unknown", health[index] ?? "unknown", c),
    ),
  );
  const node = nodes.map((each) => each.node).find((each) => each !== "ready") ?? "ready";
  const { machine: firstMachine } = firstNode(cluster);
  const server = firstMachine ? apiServerUrl(firstMachine) : "";
  const kubeconfig = await kubeconfigState(name, server, context.host, record.userKubeconfig);
  const exitCode = exitCodeOf({ machine, api, node, kubeconfig });
  const { driver: driverName, kubernetesVersion } = record;
  return {
    name,
    exists: true,
    driver: driverName,
    kubernetesVersion,
    machine,
    api,
    ...(tunnel ? { tunnel } : {}),
    node,
    nodes,
    ...(addons ? { addons } : {}),
    kubeconfig,
    exitCode,
    ...(diagnosis ? { diagnosis } : {}),
    ...(nodes[0]?.cost ? { cost: nodes[0].cost } : {}),
  };
}

const exitCodeOf = ({
  machine,
  api,
  node,
  kubeconfig,
}: Pick<StatusResult, "machine" | "api" | "node" | "kubeconfig">): number =>
  (machine === "running" ? 0 : bits.machine) |
  (api === "running" && node === "ready" ? 0 : bits.cluster) |
  (kubeconfig === "configured" ? 0 : bits.kubeconfig);

interface ApiState {
  readonly api: Health;
  /** In the order of the nodes; empty when the API server does not say. */
  readonly health: readonly NodeHealth[];
  readonly addons?: readonly AddonTrouble[];
}

/** `state` is that of the first node's machine. */
async function apiState(
  cluster: OpenCluster,
  state: MachineState | undefined,
  context: UseCaseContext,
): Promise<ApiState & Pick<StatusResult, "tunnel">> {
  const { machine, paths } = firstNode(cluster);
  if (!machine || state !== "running") return { api: "unreachable", health: [] };
  const health = await clusterHealth(cluster, machine, context);
  const tunnel = await apiTunnelState(machine, { ...context, paths });
  return { ...health, ...(tunnel ? { tunnel } : {}) };
}

async function nodeStatus(
  node: OpenNode,
  state: MachineState,
  health: NodeHealth,
  c: RunContext,
): Promise<NodeStatus> {
  const { name, role, machine } = node;
  const known = { name, role, machine: state, node: health };
  return { ...known, ...(machine ? { address: machine.address } : {}), ...(await costNow(node, c)) };
}

/** What the hypervisor says about each machine that is broken or in an unknown state. */
async function diagnosisOf(
  { nodes, driver }: OpenCluster,
  states: readonly MachineState[],
  c: RunContext,
): Promise<string> {
  const sick = nodes.filter(
    (node, index) => isCreated(node) && (states[index] === "broken" || states[index] === "unknown"),
  );
  const texts = await Promise.all(sick.filter(isCreated).map(({ machine }) => driver.diagnose(machine, c)));
  return texts.join("\n\n");
}

/** A price that cannot be determined does not make the status fail. */
async function costNow(
  { machine, cluster: { driver } }: OpenNode,
  c: RunContext,
): Promise<Pick<StatusResult, "cost">> {
  if (!machine || !driver.cost) return {};
  const cost = await driver.cost.current(machine, c).catch((error: unknown) => {
    c.log(`no price: ${String(error)}`);
    return undefined;
  });
  return cost ? { cost: { ...cost, text: costText(cost) } } : {};
}

interface KubernetesNode {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

async function clusterHealth(
  cluster: OpenCluster,
  machine: MachineRef,
  context: UseCaseContext,
): Promise<ApiState> {
  const { nodes, definition } = cluster;
  const timeoutMs = definition.capabilities.answerMs;
  if (await isPaused(cluster, context)) return { api: "paused", health: nodes.map(() => "paused") };
  const api = await apiClient(cluster, machine);
  try {
    const { status: code } = await api.send("/readyz", { signal: context.signal, timeoutMs });
    if (code !== 200) return { api: "not-ready", health: [] };
    const options = { signal: context.signal, timeoutMs };
    const health = nodes.map(async ({ name }): Promise<NodeHealth> => {
      const node = await api.get<KubernetesNode>(`/api/v1/nodes/${name}`, options);
      const conditions = node?.status?.conditions ?? [];
      return conditions.some(({ type, status: is }) => type === "Ready" && is === "True")
        ? "ready"
        : "not-ready";
    });
    const addons = addonTroubles(cluster.record, api, options).catch((error: unknown) => {
      if (!(error instanceof LocalkubeError)) throw error;
      context.log(`nothing is known of addons: ${error.message}`);
      return undefined;
    });
    const [troubles] = await Promise.all([addons, ...health]);
    return { api: "running", health: await Promise.all(health), ...(troubles ? { addons: troubles } : {}) };
  } catch (error) {
    if (error instanceof LocalkubeError) return { api: "unreachable", health: [] };
    throw error;
  } finally {
    api.close();
  }
}
