import type { MachineCost, MachineState } from "../../contract/driver.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { RunContext } from "../../contract/host.ts";
import { kubeconfigState, type KubeconfigState } from "../../provision/kubeconfig/kubeconfig-state.ts";
import { loadCluster } from "../../state/store.ts";
import { apiTunnelState } from "../access/api-tunnel.ts";
import { apiServerUrl } from "../access/api-server-url.ts";
import { costText } from "../access/cost-text.ts";
import { apiClient, openCluster, type OpenCluster } from "../access/open-cluster.ts";
import { isPaused } from "../life/pause.ts";
import { quietly, type UseCaseContext } from "../access/use-case.ts";

type Health = "running" | "not-ready" | "paused" | "unreachable";

export interface StatusResult {
  readonly name: string;
  readonly exists: boolean;
  readonly driver?: string;
  readonly kubernetesVersion?: string;
  readonly machine: MachineState;
  readonly api: Health;
  /** State of the SSH tunnel to the API, where one is used; `start` reopens a lost one. */
  readonly tunnel?: "open" | "gone";
  readonly node: "ready" | "not-ready" | "paused" | "unknown";
  readonly kubeconfig: KubeconfigState;
  /** 1 machine not running, 2 cluster not healthy or paused, 4 kubeconfig wrong; 7 = nothing exists. */
  readonly exitCode: number;
  /** The hypervisor's description of a broken or unknown machine. */
  readonly diagnosis?: string;
  /** The price of the machine, where it is paid for; `text` is the readable form. */
  readonly cost?: MachineCost & { readonly text: string };
}

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
      kubeconfig: "missing",
      exitCode: 7,
    };
  }
  const cluster = await openCluster(name, context);
  const { record, driver } = cluster;
  const c = quietly(context);
  const machine = record.machine ? await driver.state(record.machine, c) : "absent";
  const sick = machine === "broken" || machine === "unknown";
  const diagnosis = record.machine && sick ? await driver.diagnose(record.machine, c) : undefined;
  const cost = await costNow(cluster, c);
  const { api, node } =
    machine === "running"
      ? await clusterHealth(cluster, context)
      : ({ api: "unreachable", node: "unknown" } as const);
  const tunnel = await tunnelState(cluster, machine, context);
  const server = record.machine ? apiServerUrl(record.machine) : "";
  const kubeconfig = await kubeconfigState(name, server, context.host, record.userKubeconfig);
  const exitCode =
    (machine === "running" ? 0 : bits.machine) |
    (api === "running" && node === "ready" ? 0 : bits.cluster) |
    (kubeconfig === "configured" ? 0 : bits.kubeconfig);
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
    kubeconfig,
    exitCode,
    ...(diagnosis ? { diagnosis } : {}),
    ...cost,
  };
}

const tunnelState = async ({ record, paths }: OpenCluster, state: MachineState, context: UseCaseContext) =>
  record.machine && state === "running" ? apiTunnelState(record.machine, { ...context, paths }) : undefined;

/** A price that cannot be determined does not make the status fail. */
async function costNow(
  { driver, record: { machine } }: OpenCluster,
  c: RunContext,
): Promise<Pick<StatusResult, "cost">> {
  if (!machine || !driver.cost) return {};
  const cost = await driver.cost.current(machine, c).catch((error: unknown) => {
    c.log(`no price: ${String(error)}`);
    return undefined;
  });
  return cost ? { cost: { ...cost, text: costText(cost) } } : {};
}

async function clusterHealth(
  cluster: OpenCluster,
  context: UseCaseContext,
): Promise<Pick<StatusResult, "api" | "node">> {
  const { record, definition } = cluster;
  const timeoutMs = definition.capabilities.answerMs;
  if (!record.machine) return { api: "unreachable", node: "unknown" };
  if (await isPaused(cluster, context)) return { api: "paused", node: "paused" };
  const api = await apiClient(cluster, record.machine);
  try {
    const { status: code } = await api.send("/readyz", { signal: context.signal, timeoutMs });
    if (code !== 200) return { api: "not-ready", node: "unknown" };
    const path = `/api/v1/nodes/${record.spec.name}`;
    const node = await api.get<{ status?: { conditions?: { type: string; status: string }[] } }>(path, {
      signal: context.signal,
      timeoutMs,
    });
    const ready = node?.status?.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True");
    return { api: "running", node: ready ? "ready" : "not-ready" };
  } catch (error) {
    if (error instanceof LocalkubeError) return { api: "unreachable", node: "unknown" };
    throw error;
  } finally {
    api.close();
  }
}
