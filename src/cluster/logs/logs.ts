import { readFile } from "node:fs/promises";
import type { MachineState } from "../../contract/driver.ts";
import { LocalkubeError, messageOf } from "../../contract/errors/localkube-error.ts";
import { firstNode } from "../../contract/node.ts";
import { logComponents, type LogComponents } from "./components.ts";
import { readEvents } from "./events.ts";
import { followGuestLogs, readGuestLogs, type LogSink } from "./guest.ts";
import { journalLines } from "./journal.ts";
import { isProblem } from "./problem.ts";
import { problemSink } from "./problem-sink.ts";
import {
  apiClient,
  type NodeChoice,
  nodeOf,
  openCluster,
  type OpenCluster,
  type OpenNode,
  runningMachine,
  runtimeOf,
  withTransport,
} from "../access/open-cluster.ts";
import type { Runtime } from "../../contract/runtime.ts";
import { socketPath } from "../../runtimes/cri/client.ts";
import { notice, quietly, type UseCaseContext } from "../access/use-case.ts";

export interface LogsRequest extends NodeChoice {
  /** Components as the user typed them; empty = all. */
  readonly words: readonly string[];
  /** Number of last lines of each component. */
  readonly lines: number;
  /** Only errors and warnings. */
  readonly problems: boolean;
}

export interface LogsResult {
  readonly name: string;
  readonly machine: MachineState;
}

/** How many lines back to look for problems: they are few among many lines. */
const searchedLines = 20_000;

/**
 * Passes the logs of a node, by default the first, to `sink`: what the last start did, the node's units, the pods in kube-system. For a machine that is not
 * running or cannot be reached, only what is stored on the host, with a notice. Read-only. Rejects with CLUSTER_UNKNOWN, NODE_UNKNOWN,
 * LOGS_COMPONENT_UNKNOWN, and with CLUSTER_NOT_RUNNING when nothing of what was requested is on the host.
 */
export async function logs(
  request: LogsRequest,
  sink: LogSink,
  context: UseCaseContext,
): Promise<LogsResult> {
  const { node, components } = await open(request, context);
  const { cluster, machine } = node;
  const state = machine ? await cluster.driver.state(machine, quietly(context)) : "absent";
  if (state !== "running" && !components.start) await runningMachine(node, context);
  const filter = request.problems ? problemSink(sink, request.lines) : undefined;
  const target = filter ?? sink;
  if (components.start) await hostLogs(node, state, request, target, context);
  if (components.units.length > 0 || components.pods)
    if (state === "running") {
      await machineLogs(node, components, request, target, context);
      if (request.problems && components.pods) await events(cluster, target, context);
    } else notice(context, `The machine is ${state}: these are the logs of this host only`, "warning");
  filter?.end();
  return { name: request.name, machine: state };
}

/** Passes on the last lines of the node's components, then each new one until the signal aborts. Rejects with CLUSTER_NOT_RUNNING. */
export async function followLogs(
  request: LogsRequest,
  sink: LogSink,
  context: UseCaseContext,
): Promise<void> {
  const { node, components } = await open(request, context);
  const line = (text: string): void => {
    if (!request.problems || isProblem(text)) sink.line(text);
  };
  const { lines } = request;
  const { signal } = context;
  try {
    await withTransport(node, context, (transport) =>
      followGuestLogs(transport, { components, lines, signal }, { ...sink, line }),
    );
  } catch (error) {
    // Following normally ends with Ctrl-C.
    if (!signal.aborted) throw error;
  }
}

async function open(request: LogsRequest, context: UseCaseContext) {
  const cluster = await openCluster(request.name, context);
  const node = nodeOf(cluster, request.node);
  const runtime = runtimeOf(cluster.record);
  const services = runtime.foreign
    ? await foreignServices(node, runtime, request.words, context)
    : runtime.units.flatMap(({ name }) =>
        name.endsWith(".service") ? [name.replace(/\.service$/, "")] : [],
      );
  const components = logComponents(request.words, services, node.role);
  return { node, components };
}

// $1 the socket. Prints the service of each process that listens there.
const servicesScript = `
PATH=$PATH:/usr/sbin:/sbin
for pid in $(ss -xlpH "src $1" 2>/dev/null | grep -o 'pid=[0-9]*' | cut -d= -f2 | sort -u); do
  sed -n 's|.*/\\([^/]*\\)\\.service$|\\1|p' "/proc/$pid/cgroup"
done | sort -u
`;

/** The services of a CRI server that localkube did not set up; none where the machine does not run, or no service of systemd's serves there. */
async function foreignServices(
  node: OpenNode,
  { endpoint, imageEndpoint = endpoint }: Runtime,
  words: readonly string[],
  context: UseCaseContext,
): Promise<readonly string[]> {
  const { machine, cluster } = node;
  const isRunning = machine && (await cluster.driver.state(machine, quietly(context))) === "running";
  if (!isRunning) return [];
  const found = await withTransport(node, context, async (transport) => {
    const asked = [...new Set([endpoint, imageEndpoint])].map(async (one) => {
      const argv = ["sh", "-c", servicesScript, "sh", socketPath(one)] as const;
      return (await transport.exec(argv, { signal: context.signal })).stdout.split("\n").filter(Boolean);
    });
    return [...new Set((await Promise.all(asked)).flat())];
  });
  if (found.length === 0 && words.includes("runtime"))
    throw new LocalkubeError("LOGS_OF_SERVER_UNKNOWN", {
      path: socketPath(endpoint),
      name: cluster.record.spec.name,
    });
  return found;
}

async function hostLogs(
  { cluster, machine }: OpenNode,
  state: MachineState,
  { lines }: LogsRequest,
  sink: LogSink,
  context: UseCaseContext,
): Promise<void> {
  sink.section("start");
  const journal = await readFile(cluster.paths.journal, "utf8").catch(() => "");
  journalLines(journal)
    .slice(-lines)
    .forEach((line) => sink.line(line));
  if (!machine || state === "running") return;
  sink.section("machine");
  const said = await cluster.driver.diagnose(machine, quietly(context)).catch(messageOf);
  said.split("\n").forEach((line) => sink.line(line));
}

async function machineLogs(
  node: OpenNode,
  components: LogComponents,
  { lines, problems }: LogsRequest,
  sink: LogSink,
  context: UseCaseContext,
): Promise<void> {
  const { signal } = context;
  try {
    await withTransport(node, context, (transport) =>
      readGuestLogs(
        transport,
        { components, lines: problems ? Math.max(searchedLines, lines) : lines, signal },
        sink,
      ),
    );
  } catch (error) {
    signal.throwIfAborted();
    if (!components.start || !(error instanceof LocalkubeError)) throw error;
    notice(context, `The machine's own logs cannot be read: ${error.message}`, "warning");
  }
}

/** An API server that does not answer shows up in its own log, and must not hide the other logs. */
async function events(cluster: OpenCluster, sink: LogSink, context: UseCaseContext): Promise<void> {
  const { machine } = firstNode(cluster);
  if (!machine) return;
  const api = await apiClient(cluster, machine);
  try {
    await readEvents(api, sink, context.signal);
  } catch (error) {
    context.signal.throwIfAborted();
    if (!(error instanceof LocalkubeError)) throw error;
    notice(context, `The events cannot be read: ${error.message}`, "warning");
  } finally {
    api.close();
  }
}
