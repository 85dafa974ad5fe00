import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import { poll } from "../../host/poll.ts";
import type { KubeObject } from "../../kube/api-client.ts";
import type { ProbeStep } from "../definition.ts";
import { labelled, memberOf } from "../inventory.ts";
import { inWaves } from "../waves.ts";
import { askApi, askForOnlyOne } from "./ask.ts";
import { everyMs, failed, type ProbeContext, whenRight } from "./context.ts";
import { askForRemoval, probeNamespace, removeProbe } from "./namespace.ts";
import { podEnd } from "./pod-end.ts";
import { volumeGone, volumeOf } from "./volume.ts";

const askMs = 10_000;
const accountMs = 30_000;

/**
 * Does the steps one after the other in a namespace made for them, and resolves with what they saw. The namespace is going when this settles. Rejects with ADDON_PROBE_FAILED at the first
 * step that does not see what it should, or with ADDON_REMAINS.
 */
export async function probeSteps(steps: readonly ProbeStep[], context: ProbeContext): Promise<string> {
  const { addon, objects, signal, limitMs } = context;
  const begun = performance.now();
  const namespace = probeNamespace(addon);
  await removeProbe(context);
  try {
    const own = { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } };
    await objects.apply(labelled(own, addon), signal);
    const account = { group: "", kind: "ServiceAccount", namespace, name: "default" };
    await poll(async () => objects.find(account, signal), { signal, everyMs: 100, limitMs: accountMs });
    const seen: string[] = [];
    const applied: KubeObject[] = [];
    for (const step of steps) {
      const left = Math.max(0, limitMs - (performance.now() - begun));
      const text = await doStep(step, applied, { ...context, limitMs: left });
      if (text !== undefined) seen.push(text);
      if (context.isBrief && step.type === "apply" && step.pod !== undefined) break;
    }
    return seen.join("; ") || "nothing was refused";
  } finally {
    // Also after Ctrl-C, so not with the command's signal. It takes Kubernetes seconds, which nobody need wait for: the next call does.
    await askForRemoval(addon, objects, AbortSignal.timeout(askMs));
  }
}

/** What was seen, as a clause; undefined where that is nothing to tell. */
async function doStep(
  step: ProbeStep,
  applied: KubeObject[],
  context: ProbeContext,
): Promise<string | undefined> {
  switch (step.type) {
    case "apply":
      return apply(step, applied, context);
    case "dry-run":
      return dryRun(step, context);
    case "remove":
      return remove(step, applied, context);
    case "api":
      return askApi(step, context);
    case "only":
      return askForOnlyOne(step, context);
  }
}

const placed = (
  file: string,
  namespace: string,
  { made }: Pick<ProbeContext, "made">,
): readonly KubeObject[] =>
  (made.get(file) ?? []).map((object) => ({ ...object, metadata: { ...object.metadata, namespace } }));

async function apply(
  { objects: file, pod }: Extract<ProbeStep, { type: "apply" }>,
  applied: KubeObject[],
  context: ProbeContext,
): Promise<string | undefined> {
  const { addon, objects, signal, report } = context;
  const namespace = probeNamespace(addon);
  for (const { objects: part } of inWaves(placed(file, namespace, context)))
    for (const object of part) {
      await objects.apply(labelled(object, addon), signal);
      applied.push(object);
    }
  if (pod === undefined) return undefined;
  report(`waiting for the pod ${pod}`);
  return podEnd(pod, namespace, context);
}

/** Rights and namespaces that were made just now may not have reached everything that decides. */
async function dryRun(
  { objects: file, namespace, as, refused }: Extract<ProbeStep, { type: "dry-run" }>,
  context: ProbeContext,
): Promise<string> {
  const { addon, objects, signal } = context;
  const own = probeNamespace(addon);
  const user = as === undefined ? undefined : `system:serviceaccount:${own}:${as}`;
  const told: string[] = [];
  for (const object of placed(file, namespace ?? own, context)) {
    const what = `${object.kind} ${object.metadata.name}`;
    const seen = await whenRight(async () => {
      const refusal = await objects.refusalOf(object, signal, user);
      if (refusal === undefined) return { seen: `${what} would be taken`, right: refused === undefined };
      const isMeant = refused !== undefined && refusal.includes(refused);
      return { seen: `${what} is refused: ${refusal.slice(0, 300)}`, right: isMeant };
    }, context);
    told.push(refused === undefined ? seen : `${what} is refused: ${refused}`);
  }
  return told.join(", ");
}

async function remove(
  { kind, name }: Extract<ProbeStep, { type: "remove" }>,
  applied: readonly KubeObject[],
  context: ProbeContext,
): Promise<string | undefined> {
  const { addon, objects, signal, report, limitMs } = context;
  const object = applied.findLast((one) => one.kind === kind && one.metadata.name === name);
  const id = object && memberOf(object);
  const found = id && (await objects.find(id, signal));
  if (!found) throw failed(addon, `${kind} ${name}, which was to be removed, is not there`);
  const volume = kind === "PersistentVolumeClaim" ? await volumeOf(found, context) : undefined;
  const uid = String(found.metadata["uid"]);
  const { phase } = (found["status"] ?? {}) as { readonly phase?: string };
  report(`removing ${kind} ${name}`);
  await objects.remove(id, uid, signal, { atOnce: phase === "Succeeded" || phase === "Failed" });
  const isGone = async (): Promise<true | undefined> =>
    (await objects.find(id, signal))?.metadata["uid"] === uid ? undefined : true;
  if (!(await poll(isGone, { signal, everyMs: everyMs / 2, limitMs })))
    throw new LocalkubeError("ADDON_REMAINS", {
      addon,
      object: `${kind} ${name}`,
      seconds: Math.round(limitMs / 1000),
      finalizers: ((found.metadata["finalizers"] ?? []) as readonly string[]).join(", ") || "its node",
    });
  return volume && volumeGone(volume, context);
}
