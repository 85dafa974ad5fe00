import type { EventRow, NodeRow, PodRow, Tone } from "../../dashboard/rows.ts";
import type { KubeObject } from "../../kube/api-client.ts";

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

export interface Node extends KubeObject {
  readonly spec?: { readonly unschedulable?: boolean };
  readonly status?: {
    readonly conditions?: readonly Condition[];
    readonly addresses?: readonly { readonly type: string; readonly address: string }[];
    readonly capacity?: { readonly cpu?: string; readonly memory?: string };
    readonly nodeInfo?: {
      readonly kubeletVersion: string;
      readonly containerRuntimeVersion: string;
      readonly osImage: string;
      readonly architecture: string;
    };
  };
}

interface ContainerStatus {
  readonly name: string;
  readonly ready: boolean;
  readonly restartCount: number;
  readonly state?: {
    readonly running?: object;
    readonly waiting?: { readonly reason?: string; readonly message?: string };
    readonly terminated?: { readonly reason?: string; readonly exitCode: number; readonly signal?: number };
  };
}

export interface Pod extends KubeObject {
  readonly spec?: {
    readonly nodeName?: string;
    readonly containers?: readonly { readonly name: string }[];
    readonly initContainers?: readonly { readonly name: string; readonly restartPolicy?: string }[];
  };
  readonly status?: {
    readonly phase?: string;
    readonly reason?: string;
    readonly message?: string;
    readonly conditions?: readonly Condition[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
    readonly containerStatuses?: readonly ContainerStatus[];
  };
}

export interface Event extends KubeObject {
  readonly type?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly count?: number;
  readonly firstTimestamp?: string | null;
  readonly lastTimestamp?: string | null;
  readonly eventTime?: string | null;
  readonly series?: { readonly count?: number; readonly lastObservedTime?: string };
  readonly involvedObject: { readonly kind?: string; readonly namespace?: string; readonly name?: string };
}

const since = ({ metadata }: KubeObject): number => timeOf(metadata["creationTimestamp"]);

const timeOf = (text: unknown): number => (typeof text === "string" ? Date.parse(text) || 0 : 0);

const roleLabel = "node-role.kubernetes.io/";

/** Pure. */
export function nodeRow(node: Node): NodeRow {
  const { metadata, status = {} } = node;
  const { addresses = [], capacity = {}, nodeInfo = noInfo } = status;
  return {
    name: metadata.name,
    ...nodeState(node),
    role: rolesOf(node).join(", "),
    version: nodeInfo.kubeletVersion,
    runtime: nodeInfo.containerRuntimeVersion.replace("://", " "),
    system: [nodeInfo.osImage, nodeInfo.architecture].filter(Boolean).join(", "),
    address: addresses.find(({ type }) => type === "InternalIP")?.address ?? "",
    cpus: capacity.cpu ?? "",
    memory: memoryText(capacity.memory ?? ""),
    since: since(node),
  };
}

/** Of a node that has not told anything. */
const noInfo = { kubeletVersion: "", containerRuntimeVersion: "", osImage: "", architecture: "" };

function nodeState({ spec, status }: Node): Pick<NodeRow, "state" | "tone"> {
  const isTrue = status?.conditions?.filter(({ status: is }) => is === "True").map(({ type }) => type) ?? [];
  const isReady = isTrue.includes("Ready");
  const pressures = isTrue.filter((type) => type.endsWith("Pressure"));
  const cordon = spec?.unschedulable ? ["SchedulingDisabled"] : [];
  return {
    state: [isReady ? "Ready" : "NotReady", ...pressures, ...cordon].join(", "),
    tone: isReady && pressures.length === 0 ? "good" : "bad",
  };
}

const rolesOf = ({ metadata: { labels } }: Node): readonly string[] =>
  Object.keys((labels as object | undefined) ?? {})
    .filter((label) => label.startsWith(roleLabel))
    .map((label) => label.slice(roleLabel.length));

/** "16014332Ki" → "15.3 GiB"; what is not in Ki stays. */
function memoryText(quantity: string): string {
  const ki = /^(\d+)Ki$/.exec(quantity)?.[1];
  return ki === undefined ? quantity : `${(Number(ki) / 1024 ** 2).toFixed(1)} GiB`;
}

/** States that end, or come back, by themselves. */
const onTheWay = /^(Pending|ContainerCreating|PodInitializing|Terminating|NotReady|Init:\d+\/\d+)$/;

/** Pure. */
export function podRow(pod: Pod): PodRow {
  const { metadata, spec = {}, status = {} } = pod;
  const containers = spec.containers ?? [];
  const statuses = status.containerStatuses ?? [];
  const ready = statuses.filter((one) => one.ready).length;
  const state = podState(pod);
  const why = whyNot(pod);
  return {
    namespace: metadata.namespace ?? "",
    name: metadata.name,
    node: spec.nodeName ?? "",
    state,
    tone: toneOf(state),
    ...(why === undefined ? {} : { why }),
    ready: `${ready}/${containers.length}`,
    restarts: [...(status.initContainerStatuses ?? []), ...statuses].reduce(
      (sum, { restartCount }) => sum + restartCount,
      0,
    ),
    since: since(pod),
    containers: [...containers, ...(spec.initContainers ?? [])].map(({ name }) => name),
  };
}

function toneOf(state: string): Tone {
  if (state === "Running") return "good";
  if (state === "Completed" || state === "Succeeded") return "done";
  return onTheWay.test(state) ? "busy" : "bad";
}

/** As in kubectl's column STATUS. */
function podState(pod: Pod): string {
  const { metadata, status = {} } = pod;
  if (metadata["deletionTimestamp"] !== undefined) return "Terminating";
  const before = initState(pod);
  if (before !== undefined) return before;
  const { phase = "Unknown", containerStatuses: statuses = [] } = status;
  const reason = statuses.map(reasonOf).find((one) => one !== undefined && one !== "Completed");
  if (reason !== undefined || status.reason !== undefined) return (reason ?? status.reason)!;
  if (phase === "Succeeded") return "Completed";
  return phase === "Running" && statuses.some((one) => !one.ready && one.state?.running) ? "NotReady" : phase;
}

/** Undefined when the init containers are through. */
function initState({ spec = {}, status = {} }: Pod): string | undefined {
  const inits = status.initContainerStatuses ?? [];
  const sidecars = (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === "Always");
  const undone = inits.findIndex(
    ({ name, state }) => state?.terminated?.exitCode !== 0 && !(state?.running && isIn(sidecars, name)),
  );
  if (undone < 0) return undefined;
  const why = reasonOf(inits[undone]!);
  return why === undefined || why === "PodInitializing" ? `Init:${undone}/${inits.length}` : `Init:${why}`;
}

const isIn = (those: readonly { readonly name: string }[], name: string): boolean =>
  those.some((one) => one.name === name);

function reasonOf({ state }: ContainerStatus): string | undefined {
  if (state?.waiting) return state.waiting.reason ?? "Waiting";
  if (!state?.terminated) return undefined;
  const { reason, exitCode, signal } = state.terminated;
  return reason ?? (signal ? `Signal:${signal}` : `ExitCode:${exitCode}`);
}

function whyNot({ status = {} }: Pod): string | undefined {
  const waiting = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])]
    .map(({ state }) => state?.waiting?.message)
    .find((message) => message !== undefined);
  const unscheduled = status.conditions?.find(
    ({ type, status: is }) => type === "PodScheduled" && is === "False",
  );
  return waiting ?? unscheduled?.message ?? status.message;
}

/** Pure. */
export function eventRow(event: Event): EventRow {
  const { type, reason = "", message = "", involvedObject: object } = event;
  const { kind = "", namespace, name = "" } = object;
  return {
    at: lastSeen(event),
    warning: type === "Warning",
    reason,
    about: `${kind} ${namespace === undefined ? "" : `${namespace}/`}${name}`,
    text: message.slice(0, 2000),
    count: event.series?.count ?? event.count ?? 1,
  };
}

/** Each generation of the API has another field for it. */
function lastSeen(event: Event): number {
  const { series, lastTimestamp, eventTime, firstTimestamp } = event;
  return timeOf(series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? firstTimestamp) || since(event);
}
