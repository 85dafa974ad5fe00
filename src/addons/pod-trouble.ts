import type { ApiClient, KubeObject } from "../kube/api-client.ts";

/** Why pods do not run. */
export interface Trouble {
  /** A clause that names the pod or the workload. */
  readonly text: string;
  /** It cannot become right without a change of the cluster or of the addon. */
  readonly final: boolean;
  /** The last lines of a container that ended. */
  readonly output?: string;
}

interface ContainerStatus {
  readonly name: string;
  readonly image: string;
  readonly restartCount: number;
  readonly ready: boolean;
  readonly state?: {
    readonly waiting?: { readonly reason?: string; readonly message?: string };
    readonly terminated?: Ended;
  };
  readonly lastState?: { readonly terminated?: Ended };
}

interface Ended {
  readonly exitCode: number;
  readonly reason?: string;
}

export interface Pod extends KubeObject {
  readonly status?: {
    readonly phase?: string;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason?: string;
      readonly message?: string;
    }[];
    readonly initContainerStatuses?: readonly ContainerStatus[];
    readonly containerStatuses?: readonly ContainerStatus[];
  };
}

interface Event {
  readonly type?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTimestamp?: string | null;
  readonly eventTime?: string | null;
  readonly involvedObject: { readonly kind?: string; readonly name?: string };
}

export interface TroubleContext {
  readonly api: Pick<ApiClient, "get" | "send">;
  readonly signal: AbortSignal;
  /** Since when, by `performance.now()`, each image of each pod could not be pulled; kept between two calls. */
  readonly pullsFailing: Map<string, number>;
}

/** Errors of images that stay: there is nobody to pull from, or the name is none. */
const hopeless = ["ErrImageNeverPull", "InvalidImageName"];
const pullErrors = ["ErrImagePull", "ImagePullBackOff", "RegistryUnavailable", "ImageInspectError"];
const pullPatienceMs = 20_000;
const crashLimit = 3;
const logLines = 8;

/**
 * What keeps the pods with those labels from running, the worst first; undefined when nothing does, or they have only just been made. `owners` are the names of
 * the workloads, whose events say why there are no pods at all. Read-only. Rejects with API_REFUSED or API_UNREACHABLE.
 */
export async function podTrouble(
  namespace: string,
  labels: Readonly<Record<string, string>>,
  owners: readonly string[],
  context: TroubleContext,
): Promise<Trouble | undefined> {
  const { api, signal } = context;
  const selector = Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
  const path = `/api/v1/namespaces/${namespace}/pods?labelSelector=${encodeURIComponent(selector)}`;
  const pods = (await api.get<{ readonly items: readonly Pod[] }>(path, { signal }))?.items ?? [];
  const found: Trouble[] = [];
  for (const pod of pods) {
    const trouble = await troubleOf(pod, context);
    if (trouble) found.push(trouble);
  }
  const worst = found.find(({ final }) => final) ?? found[0];
  if (worst) return worst;
  const names = pods.length > 0 ? pods.map(({ metadata }) => metadata.name) : owners;
  return lastWarning(namespace, names, pods.length > 0, context);
}

/** What keeps one pod from running. */
export async function troubleOf(pod: Pod, context: TroubleContext): Promise<Trouble | undefined> {
  const { metadata, status = {} } = pod;
  const unscheduled = status.conditions?.find(
    ({ type, status: is }) => type === "PodScheduled" && is === "False",
  );
  if (unscheduled) {
    const why = unscheduled.message ?? unscheduled.reason ?? "no reason is given";
    return { text: `no node takes the pod ${metadata.name}: ${why}`, final: false };
  }
  for (const container of [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])]) {
    const trouble =
      imageTrouble(pod, container, context) ??
      (await crashTrouble(pod, container, context)) ??
      creationTrouble(pod, container);
    if (trouble) return trouble;
  }
  return undefined;
}

const messageIn = ({ state }: ContainerStatus): string =>
  state?.waiting?.message === undefined ? "" : ` (${state.waiting.message.slice(0, 300)})`;

function imageTrouble(
  { metadata: { name, namespace = "default" } }: Pod,
  container: ContainerStatus,
  { pullsFailing }: TroubleContext,
): Trouble | undefined {
  const reason = container.state?.waiting?.reason ?? "";
  const image = `the image ${container.image} of the pod ${name}`;
  if (hopeless.includes(reason))
    return { text: `${image} is not in the node: ${reason}${messageIn(container)}`, final: true };
  if (!pullErrors.includes(reason)) return undefined;
  const key = `${namespace}/${name}/${container.name}`;
  const since = pullsFailing.get(key) ?? performance.now();
  pullsFailing.set(key, since);
  return {
    text: `${image} cannot be pulled: ${reason}${messageIn(container)}`,
    final: performance.now() - since >= pullPatienceMs,
  };
}

/** A container that ended and is begun again, or waits for that. */
async function crashTrouble(
  { metadata: { name, namespace = "default" } }: Pod,
  container: ContainerStatus,
  context: TroubleContext,
): Promise<Trouble | undefined> {
  const { state, lastState, ready, restartCount } = container;
  const ended = state?.terminated ?? lastState?.terminated;
  if (!ended || ended.exitCode === 0 || ready || restartCount === 0) return undefined;
  const times = restartCount === 1 ? "once" : `${restartCount} times`;
  const memory = ended.reason === "OOMKilled" ? ", because it used more memory than it may" : "";
  const output = await lastLines(namespace, name, container, context);
  return {
    text: `the container ${container.name} of the pod ${name} ended ${times}, last with exit code ${ended.exitCode}${memory}`,
    final: restartCount >= crashLimit,
    ...(output === "" ? {} : { output }),
  };
}

const creationErrors = ["CreateContainerConfigError", "CreateContainerError", "RunContainerError"];

function creationTrouble({ metadata }: Pod, container: ContainerStatus): Trouble | undefined {
  const reason = container.state?.waiting?.reason ?? "";
  if (!creationErrors.includes(reason)) return undefined;
  const what = `the container ${container.name} of the pod ${metadata.name} cannot be made`;
  return { text: `${what}: ${reason}${messageIn(container)}`, final: false };
}

/** Of the run that ended; empty when the node has none. */
async function lastLines(
  namespace: string,
  pod: string,
  { name, state }: ContainerStatus,
  { api, signal }: TroubleContext,
): Promise<string> {
  const previous = state?.terminated ? "" : "&previous=true";
  const path = `/api/v1/namespaces/${namespace}/pods/${pod}/log?container=${name}&tailLines=${logLines}${previous}`;
  const { status, body } = await api.send(path, { signal });
  return status === 200 ? body.trim() : "";
}

/** Reasons that tell of pods which could not be made, or could not begin. A probe that fails for a while is no reason. */
const tellingReasons = [
  ...["FailedCreate", "FailedMount", "FailedAttachVolume", "FailedCreatePodSandBox"],
  ...["FailedScheduling", "ProvisioningFailed", "FailedBinding"],
];

async function lastWarning(
  namespace: string,
  names: readonly string[],
  exactly: boolean,
  { api, signal }: TroubleContext,
): Promise<Trouble | undefined> {
  const path = `/api/v1/namespaces/${namespace}/events?fieldSelector=${encodeURIComponent("type=Warning")}`;
  const events = (await api.get<{ readonly items: readonly Event[] }>(path, { signal }))?.items ?? [];
  const at = ({ lastTimestamp, eventTime }: Event): string => lastTimestamp ?? eventTime ?? "";
  // A ReplicaSet is called like its Deployment, with a dash and a hash behind it.
  const isMeant = (name: string): boolean =>
    names.some((one) => name === one || (!exactly && name.startsWith(`${one}-`)));
  const last = events
    .filter(
      ({ reason = "", involvedObject }) =>
        tellingReasons.includes(reason) && isMeant(involvedObject.name ?? ""),
    )
    .sort((a, b) => (at(a) < at(b) ? -1 : 1))
    .at(-1);
  if (!last) return undefined;
  const { kind = "object", name = "" } = last.involvedObject;
  return { text: `${kind} ${name}: ${last.reason}: ${(last.message ?? "").slice(0, 400)}`, final: false };
}
