import { poll } from "../../host/poll.ts";
import type { KubeObject } from "../../kube/api-client.ts";
import { everyMs, failed, type ProbeContext } from "./context.ts";

/** What a removed claim takes along. */
export interface Volume {
  readonly name: string;
  /** Where it is a folder of a node. */
  readonly folder?: string;
}

/** The volume of a claim that goes with it; undefined where there is none, or its policy keeps it. Read-only. */
export async function volumeOf(
  claim: KubeObject,
  { objects, signal }: Pick<ProbeContext, "objects" | "signal">,
): Promise<Volume | undefined> {
  const { volumeName } = (claim["spec"] ?? {}) as { readonly volumeName?: string };
  if (volumeName === undefined) return undefined;
  const found = await objects.find({ group: "", kind: "PersistentVolume", name: volumeName }, signal);
  const spec = found?.["spec"] as
    | {
        readonly persistentVolumeReclaimPolicy?: string;
        readonly local?: { readonly path: string };
        readonly hostPath?: { readonly path: string };
      }
    | undefined;
  if (spec?.persistentVolumeReclaimPolicy !== "Delete") return undefined;
  const folder = spec.local?.path ?? spec.hostPath?.path;
  return { name: volumeName, ...(folder === undefined ? {} : { folder }) };
}

/**
 * Resolves with a clause when the volume is gone: its object, and then its folder, which the nodes themselves are asked for, because the API knows nothing of it. Rejects with
 * ADDON_PROBE_FAILED. Read-only.
 */
export async function volumeGone(
  { name, folder }: Volume,
  { addon, objects, signal, limitMs, isOnNode }: ProbeContext,
): Promise<string> {
  const id = { group: "", kind: "PersistentVolume", name };
  let left = `PersistentVolume ${name}`;
  const gone = await poll(
    async () => {
      if (await objects.find(id, signal)) return undefined;
      if (folder === undefined || !(await isOnNode(folder))) return true;
      left = `the folder ${folder} of a node`;
      return undefined;
    },
    { signal, everyMs, limitMs },
  );
  if (!gone) throw failed(addon, `${left} is still there, although its claim was removed`);
  return folder === undefined ? "its volume went with its claim" : "its folder went with its claim";
}
