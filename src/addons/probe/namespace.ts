import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import { poll } from "../../host/poll.ts";
import type { Objects } from "../../kube/objects.ts";
import { isOf } from "../inventory.ts";
import { failed, type ProbeContext } from "./context.ts";

/** Where a probe makes its objects. */
export const probeNamespace = (addon: string): string => `localkube-probe-${addon}`;

const goneMs = 90_000;

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

/** The uid of what goes; undefined when there is nothing. Rejects with ADDON_PROBE_FAILED when the namespace is somebody else's. */
export async function askForRemoval(
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
