import { LocalkubeError } from "../contract/errors/localkube-error.ts";
import { poll } from "../host/poll.ts";
import type { ApiClient, KubeObject } from "../kube/api-client.ts";
import type { Objects } from "../kube/objects.ts";
import type { AddonProbe } from "./definition.ts";
import { isOf, labelled } from "./inventory.ts";
import { type Pod, troubleOf } from "./pod-trouble.ts";
import { troubleContext } from "./rollout.ts";
import { inWaves } from "./waves.ts";

export interface ProbeContext {
  readonly addon: string;
  /** Of the addon: where its Services are. */
  readonly namespace: string;
  readonly api: Pick<ApiClient, "get" | "send">;
  readonly objects: Objects;
  readonly signal: AbortSignal;
  readonly report: (text: string) => void;
  /** Milliseconds for all of it, without the removal of what it made. */
  readonly limitMs: number;
  /** Whether cluster DNS has an address for a name. */
  readonly resolves: (name: string) => Promise<boolean>;
  /** The objects of a probe that makes some, rendered. */
  readonly made: readonly KubeObject[];
}

/**
 * Does with the addon what it is for, and resolves with what was seen, as a sentence without a full stop. Whatever it made is going when this settles, also when it fails or is aborted;
 * when it is killed, the next call removes it. Rejects with ADDON_PROBE_FAILED, naming what was seen instead.
 */
export async function probeAddon(probe: AddonProbe, context: ProbeContext): Promise<string> {
  switch (probe.type) {
    case "http":
      return probeHttp(probe, context);
    case "api":
      return probeApi(probe, context);
    case "dns":
      return whenRight(async () => {
        const right = await context.resolves(probe.name);
        return { seen: `cluster DNS has ${right ? "an" : "no"} address for ${probe.name}`, right };
      }, context);
    case "objects":
      return probeObjects(probe, context);
  }
}

const failed = (addon: string, seen: string, output?: string): LocalkubeError =>
  new LocalkubeError("ADDON_PROBE_FAILED", { addon, seen }, output === undefined ? {} : { output });

const everyMs = 500;

/** Asks until the answer is right: endpoints, caches and first measurements follow a moment after the pods. */
async function whenRight(
  ask: () => Promise<{ readonly seen: string; readonly right: boolean }>,
  { addon, signal, limitMs }: ProbeContext,
): Promise<string> {
  let last = "nothing";
  const right = await poll(
    async () => {
      const { seen, right: isRight } = await ask();
      last = seen;
      return isRight || undefined;
    },
    { signal, everyMs, limitMs },
  );
  if (right) return last;
  throw failed(addon, last);
}

function probeHttp(
  { service, port, path, scheme, contains, namespace }: Extract<AddonProbe, { type: "http" }>,
  context: ProbeContext,
): Promise<string> {
  const place = namespace ?? context.namespace;
  // How the API server is told to speak TLS with the Service.
  const target = scheme === "https" ? `https:${service}:${port}` : `${service}:${port}`;
  const url = `/api/v1/namespaces/${place}/services/${target}/proxy${path}`;
  return whenRight(async () => {
    const { status, body } = await context.api.send(url, { signal: context.signal });
    const answer = `the Service ${place}/${service} answered ${path} on port ${port} with HTTP ${status}`;
    if (status < 200 || status >= 400) return { seen: `${answer}: ${shortly(body)}`, right: false };
    const isThere = contains === undefined || body.includes(contains);
    return isThere
      ? { seen: answer, right: true }
      : { seen: `${answer}, but without '${contains}': ${shortly(body)}`, right: false };
  }, context);
}

const shortly = (text: string): string => text.replaceAll(/\s+/g, " ").trim().slice(0, 200) || "no text";

function probeApi(
  { path, has }: Extract<AddonProbe, { type: "api" }>,
  context: ProbeContext,
): Promise<string> {
  return whenRight(async () => {
    const { status, body } = await context.api.send(path, { signal: context.signal });
    if (status !== 200)
      return { seen: `the API answered ${path} with HTTP ${status}: ${shortly(body)}`, right: false };
    if (has === undefined) return { seen: `the API answered ${path}`, right: true };
    const found = valueAt(body, has);
    return found === undefined
      ? { seen: `the answer to ${path} has nothing at ${has}`, right: false }
      : { seen: `the answer to ${path} has ${has}: ${shortly(JSON.stringify(found))}`, right: true };
  }, context);
}

/** What is at a dotted place of a JSON text, `items.0.usage`; undefined for nothing and for what is empty. */
function valueAt(text: string, place: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  for (const key of place.split("."))
    value = typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined;
  const isEmpty = value === null || value === "" || (Array.isArray(value) && value.length === 0);
  return isEmpty ? undefined : value;
}

/** Where a probe makes its objects. */
export const probeNamespace = (addon: string): string => `localkube-probe-${addon}`;

const goneMs = 90_000;
const askMs = 10_000;

async function probeObjects(
  { pod }: Extract<AddonProbe, { type: "objects" }>,
  context: ProbeContext,
): Promise<string> {
  const { addon, objects, made, signal, report } = context;
  const namespace = probeNamespace(addon);
  await removeProbe(context);
  try {
    const own = { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } };
    await objects.apply(labelled(own, addon), signal);
    const account = { group: "", kind: "ServiceAccount", namespace, name: "default" };
    await poll(async () => objects.find(account, signal), { signal, everyMs: 100, limitMs: 30_000 });
    const placed = made.map((object) => ({ ...object, metadata: { ...object.metadata, namespace } }));
    for (const { objects: part } of inWaves(placed))
      for (const object of part) await objects.apply(labelled(object, addon), signal);
    report(`waiting for the pod ${pod}`);
    return await endOf(pod, namespace, context);
  } finally {
    // Also after Ctrl-C, so not with the command's signal. It takes Kubernetes seconds, which nobody need wait for: the next call does.
    await askForRemoval(addon, objects, AbortSignal.timeout(askMs));
  }
}

async function endOf(name: string, namespace: string, context: ProbeContext): Promise<string> {
  const { addon, api, signal, limitMs } = context;
  const path = `/api/v1/namespaces/${namespace}/pods/${name}`;
  const reasons = troubleContext(context);
  let last = `there is no pod ${name}`;
  const phase = await poll(
    async () => {
      const found = await api.get<Pod>(path, { signal });
      const is = found?.status?.phase;
      if (is === "Succeeded" || is === "Failed") return is;
      const trouble = found && (await troubleOf(found, reasons));
      last = trouble?.text ?? `the pod ${name} is ${is ?? "not there"}`;
      if (trouble?.final) throw failed(addon, trouble.text, trouble.output);
      return undefined;
    },
    { signal, everyMs, limitMs },
  );
  const { status, body } = await api.send(`${path}/log?tailLines=8`, { signal });
  const lines = status === 200 ? body.trim() : "";
  if (phase === "Succeeded") return lines.split("\n").at(-1) || `the pod ${name} ended well`;
  const seen =
    phase === "Failed" ? `the pod ${name} ended with an error` : `${last} after ${limitMs / 1000} s`;
  throw failed(addon, seen, lines === "" ? undefined : lines);
}

/**
 * Resolves when nothing is left of what a probe of the addon made, now or before it was killed. Idempotent. Rejects with ADDON_REMAINS when it does not go, and ADDON_PROBE_FAILED when the
 * namespace is somebody else's.
 */
export async function removeProbe({
  addon,
  objects,
  signal,
}: Pick<ProbeContext, "addon" | "objects" | "signal">): Promise<void> {
  const uid = await askForRemoval(addon, objects, signal);
  if (uid === undefined) return;
  const id = namespaceId(addon);
  const isGone = async (): Promise<true | undefined> =>
    (await objects.find(id, signal))?.metadata["uid"] === uid ? undefined : true;
  if (await poll(isGone, { signal, everyMs: 250, limitMs: goneMs })) return;
  throw new LocalkubeError("ADDON_REMAINS", {
    addon,
    object: `Namespace ${id.name}`,
    seconds: goneMs / 1000,
    finalizers: "what is in it",
  });
}

/** The uid of what goes; undefined when there is nothing. */
async function askForRemoval(
  addon: string,
  objects: Objects,
  signal: AbortSignal,
): Promise<string | undefined> {
  const id = namespaceId(addon);
  const found = await objects.find(id, signal);
  if (!found) return undefined;
  if (!isOf(found, addon))
    throw failed(addon, `there is a namespace ${id.name} already that localkube did not make`);
  const uid = String(found.metadata["uid"]);
  await objects.remove(id, uid, signal);
  return uid;
}

const namespaceId = (addon: string) => ({ group: "", kind: "Namespace", name: probeNamespace(addon) });
