import { LocalkubeError } from "../contract/errors/localkube-error.ts";
import { poll } from "../host/poll.ts";
import type { ApiClient, KubeObject } from "../kube/api-client.ts";
import type { Objects } from "../kube/objects.ts";
import type { AddonRow } from "./definition.ts";
import { podTrouble, type Trouble, type TroubleContext } from "./pod-trouble.ts";

/** What has to be there before the addon is asked whether it works. */
export interface Awaited {
  readonly group: string;
  readonly kind: AddonRow["wait"][number]["kind"];
  readonly namespace?: string | undefined;
  readonly name: string;
}

const groups: Readonly<Record<Awaited["kind"], string>> = {
  Deployment: "apps",
  DaemonSet: "apps",
  StatefulSet: "apps",
  APIService: "apiregistration.k8s.io",
  CustomResourceDefinition: "apiextensions.k8s.io",
};

const isAwaitedKind = (kind: string): kind is Awaited["kind"] => Object.hasOwn(groups, kind);

/** Everything of an addon that is waited for: what its row names, and those of its objects that take a while. Pure. */
export function awaitedOf(
  { wait }: Pick<AddonRow, "wait">,
  objects: readonly KubeObject[],
  namespace: string,
): readonly Awaited[] {
  const named = wait.map((one): Awaited => ({ ...one, group: groups[one.kind] }));
  const applied = objects.flatMap(({ kind, metadata }): readonly Awaited[] =>
    isAwaitedKind(kind)
      ? [{ group: groups[kind], kind, namespace: metadata.namespace, name: metadata.name }]
      : [],
  );
  const withPlace = [...named, ...applied].map((one) =>
    one.group === "apps" ? { ...one, namespace: one.namespace ?? namespace } : one,
  );
  const keyOf = ({ kind, namespace: place = "", name }: Awaited): string => `${kind}/${place}/${name}`;
  return [...new Map(withPlace.map((one) => [keyOf(one), one])).values()];
}

interface Workload extends KubeObject {
  readonly spec?: {
    readonly replicas?: number;
    readonly selector?: { readonly matchLabels?: Readonly<Record<string, string>> };
  };
  readonly status?: Readonly<Record<string, unknown>> & {
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly message?: string;
    }[];
  };
}

const countOf = ({ status }: Workload, field: string): number => Number(status?.[field] ?? 0);
const conditionOf = ({ status }: Workload, type: string) =>
  status?.conditions?.find((condition) => condition.type === type);

/** Whether the object is as it should be, as `kubectl rollout status` judges it; else what is missing, as a clause. Pure. */
export function lacking(object: KubeObject): string | undefined {
  return isAwaitedKind(object.kind) ? judges[object.kind](object) : undefined;
}

const judges: Readonly<Record<Awaited["kind"], (object: Workload) => string | undefined>> = {
  Deployment: (object) => {
    const wanted = wantedPods(object);
    const [all, updated] = [countOf(object, "replicas"), countOf(object, "updatedReplicas")];
    return (
      lackingPods(object, countOf(object, "availableReplicas"), wanted) ??
      (updated >= wanted && all <= updated ? undefined : `${updated} of ${wanted} pods are up to date`)
    );
  },
  StatefulSet: (object) => {
    const wanted = wantedPods(object);
    const isCurrent = object.status?.["currentRevision"] === object.status?.["updateRevision"];
    return (
      lackingPods(object, countOf(object, "readyReplicas"), wanted) ??
      (isCurrent ? undefined : `${countOf(object, "updatedReplicas")} of ${wanted} pods are up to date`)
    );
  },
  DaemonSet: (object) => {
    const all = countOf(object, "desiredNumberScheduled");
    return (
      lackingPods(object, countOf(object, "numberAvailable"), all) ??
      (countOf(object, "updatedNumberScheduled") >= all ? undefined : "not all pods are up to date")
    );
  },
  APIService: (object) => lackingCondition(object, "Available", "not available"),
  CustomResourceDefinition: (object) => lackingCondition(object, "Established", "not established"),
};

const wantedPods = ({ spec }: Workload): number => spec?.replicas ?? 1;

function lackingPods(object: Workload, have: number, all: number): string | undefined {
  const isSeen = countOf(object, "observedGeneration") >= Number(object.metadata["generation"] ?? 0);
  return have >= all && isSeen ? undefined : `${have} of ${all} pods are ready`;
}

function lackingCondition(object: Workload, type: string, otherwise: string): string | undefined {
  const condition = conditionOf(object, type);
  return condition?.status === "True" ? undefined : (condition?.message ?? otherwise);
}

export interface RolloutContext {
  readonly addon: string;
  readonly api: Pick<ApiClient, "get" | "send">;
  readonly objects: Pick<Objects, "find">;
  readonly signal: AbortSignal;
  readonly report: (text: string) => void;
  /** Milliseconds for all of it. */
  readonly limitMs: number;
  /** Everything was there before, so what is missing will not come. */
  readonly mustExist?: boolean;
}

const lookMs = 300;
/** Reasons are asked for less often than states: they take several requests. */
const reasonMs = 2000;

/**
 * Waits until everything is rolled out, available or established. Gives up early on what cannot become right. Read-only. Rejects with ADDON_NOT_READY, which says
 * why as far as pods and events tell, with API_REFUSED or API_UNREACHABLE.
 */
export async function waitForRollout(awaited: readonly Awaited[], context: RolloutContext): Promise<void> {
  const { addon, signal, report, limitMs } = context;
  const begun = performance.now();
  const reasons = troubleContext(context);
  for (const one of awaited) {
    let problem = "it does not exist";
    let trouble: Trouble | undefined;
    let asked = performance.now();
    const look = async (): Promise<true | undefined> => {
      const found = await context.objects.find(one, signal);
      const lack = found ? lacking(found) : problem;
      if (lack === undefined) return true;
      problem = lack;
      if (!found && context.mustExist) throw notReady(addon, one, problem, undefined);
      if (performance.now() - asked < reasonMs) return undefined;
      asked = performance.now();
      trouble = found && (await workloadTrouble(found, reasons));
      report(`waiting for ${one.kind} ${one.name}: ${trouble?.text ?? problem}`);
      if (trouble?.final) throw notReady(addon, one, problem, trouble);
      return undefined;
    };
    const left = Math.max(0, limitMs - (performance.now() - begun));
    if (await poll(look, { signal, everyMs: lookMs, limitMs: left })) continue;
    const found = await context.objects.find(one, signal);
    throw notReady(addon, one, problem, found && (await workloadTrouble(found, reasons)));
  }
}

/** What is not rolled out now, as clauses; nothing is waited for. Read-only. */
export async function lackingNow(
  awaited: readonly Awaited[],
  { objects, signal }: Pick<RolloutContext, "objects" | "signal">,
): Promise<readonly string[]> {
  const found = await Promise.all(
    awaited.map(async (one) => {
      const object = await objects.find(one, signal);
      const lack = object ? lacking(object) : "it does not exist";
      return lack === undefined ? [] : [`${one.kind} ${one.name}: ${lack}`];
    }),
  );
  return found.flat();
}

export const troubleContext = ({ api, signal }: Pick<RolloutContext, "api" | "signal">): TroubleContext => ({
  api,
  signal,
  pullsFailing: new Map(),
});

async function workloadTrouble(object: Workload, context: TroubleContext): Promise<Trouble | undefined> {
  const { metadata, spec } = object;
  const labels = spec?.selector?.matchLabels;
  if (!labels || metadata.namespace === undefined) return undefined;
  const ofPods = await podTrouble(metadata.namespace, labels, [metadata.name], context);
  if (ofPods) return ofPods;
  const failure = conditionOf(object, "ReplicaFailure");
  return failure?.status === "True"
    ? { text: failure.message ?? "no pod can be made", final: false }
    : undefined;
}

function notReady(
  addon: string,
  { kind, name, namespace }: Awaited,
  problem: string,
  trouble: Trouble | undefined,
): LocalkubeError {
  const where = namespace === undefined ? name : `${namespace}/${name}`;
  const why = trouble ? `${problem}; ${trouble.text}` : problem;
  return new LocalkubeError(
    "ADDON_NOT_READY",
    { addon, object: `${kind} ${where}`, problem: why },
    trouble?.output === undefined ? {} : { output: trouble.output },
  );
}
