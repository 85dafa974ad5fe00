import { connect } from "node:net";
import { delimiter } from "node:path";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import { firstNode } from "../../contract/node.ts";
import { runAttached } from "../../host/run-attached.ts";
import { clusterPaths } from "../../state/paths.ts";
import { loadCluster } from "../../state/store.ts";
import { kubectlBinary } from "./binary.ts";
import type { KubectlRequest } from "./in-machine.ts";
import { kubectlKubeconfig } from "./kubeconfig.ts";
import { apiServerUrl, ensureApiTunnel } from "../access/reach.ts";
import type { UseCaseContext } from "../access/use-case.ts";

const portAnswersWithinMs = 2000;

/**
 * Runs the kubectl matching the cluster's version on our streams and returns its exit code: the cached binary on this host, or the
 * node's where this host cannot run it. Rejects with CLUSTER_UNKNOWN, CLUSTER_NOT_RUNNING or CLUSTER_PAUSED.
 */
export async function kubectl(request: KubectlRequest, context: UseCaseContext): Promise<number> {
  const { host, signal } = context;
  const record = await loadCluster(host, request.name);
  if (!record) throw new LocalkubeError("CLUSTER_UNKNOWN", { name: request.name });
  const { machine } = firstNode(record);
  if (record.phase === "paused") await refuse(request.name, context);
  // Asking the hypervisor takes longer than kubectl itself; it is asked only when nothing listens on the port.
  if (!machine || !(await isListening(apiServerUrl(machine)))) await reopen(request.name, context);
  const binary = machine && (await kubectlBinary(record, context));
  if (machine && binary !== undefined) {
    const KUBECONFIG = await kubectlKubeconfig(record, machine, clusterPaths(host, request.name));
    // The variable is a list. (Not always by the flag: kubectl plugins cannot be run with a flag before their name.)
    const file = KUBECONFIG.includes(delimiter) ? [`--kubeconfig=${KUBECONFIG}`] : [];
    try {
      const env = { ...host.env, KUBECONFIG };
      return (await runAttached([binary, ...file, ...request.words], { signal, env })).exitCode;
    } catch (error) {
      // A cache on a file system mounted noexec, or a binary for another architecture.
      if (!["EACCES", "ENOEXEC"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
    }
  }
  const { kubectlInMachine } = await import("./in-machine.ts");
  return kubectlInMachine(request, context);
}

/** Rejects when the machine is not running; reopens a lost tunnel. */
async function reopen(name: string, context: UseCaseContext): Promise<void> {
  const { nodeOf, openCluster, runningMachine } = await import("../access/open-cluster.ts");
  const node = nodeOf(await openCluster(name, context));
  const machine = await runningMachine(node, context);
  await ensureApiTunnel(machine, { ...context, paths: node.paths });
}

async function refuse(name: string, context: UseCaseContext): Promise<void> {
  const { openCluster } = await import("../access/open-cluster.ts");
  const { refuseIfPaused } = await import("../life/pause.ts");
  await refuseIfPaused(await openCluster(name, context), context);
}

function isListening(server: string): Promise<boolean> {
  const { hostname: host, port } = new URL(server);
  return new Promise((resolve) => {
    const socket = connect({ host, port: Number(port) });
    const settle = (answers: boolean): void => {
      socket.destroy();
      resolve(answers);
    };
    socket.setTimeout(portAnswersWithinMs, () => settle(false));
    socket.once("connect", () => settle(true)).once("error", () => settle(false));
  });
}
