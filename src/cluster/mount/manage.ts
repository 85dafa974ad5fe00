import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import { firstNode } from "../../contract/node.ts";
import { parseMount } from "../../spec/parse/mounts.ts";
import { withProfileLock } from "../../state/lock.ts";
import { saveCluster } from "../../state/store.ts";
import { endBackground } from "../background/keep.ts";
import { isCreated, nodeOf, openCluster, type OpenNode, withTransport } from "../access/open-cluster.ts";
import { notice, quietly, type UseCaseContext } from "../access/use-case.ts";
import { endGuestMount, type GuestMount, lookAtMounts } from "./guest-mounts.ts";

export interface ListedMount {
  readonly node: string;
  readonly host: string;
  readonly guest: string;
  readonly type: GuestMount["type"];
  readonly readOnly: boolean;
  /** `left`: the process that served it has gone; the next mount or `mount remove` cleans it up. */
  readonly state: "mounted" | "left";
  /** Whose process serves it. */
  readonly by: string;
}

/** What localkube has mounted in the machines that run, whichever process serves it. Read-only. Rejects with CLUSTER_UNKNOWN, NODE_UNKNOWN or CLUSTER_NOT_RUNNING. */
export async function listMounts(
  name: string,
  wantedNode: string | undefined,
  context: UseCaseContext,
): Promise<readonly ListedMount[]> {
  const nodes = await nodesOf(name, wantedNode, context);
  const listed = await Promise.all(nodes.map((node) => mountsOf(node, context)));
  return listed.flat().map(({ node, mount }) => ({
    node: node.name,
    host: mount.host,
    guest: mount.guest,
    type: mount.type,
    readOnly: mount.isReadOnly,
    state: mount.isAlive ? "mounted" : "left",
    by: mount.by,
  }));
}

/**
 * Ends mounts in the machines, whichever process serves them, and the processes of those in the background; a synced copy stays. `guest` undefined: all. Resolves with what has ended. Idempotent for all; rejects with
 * MOUNT_UNKNOWN for a folder where nothing is mounted, or as `listMounts`.
 */
export async function removeMounts(
  name: string,
  guest: string | undefined,
  wantedNode: string | undefined,
  context: UseCaseContext,
): Promise<readonly { readonly node: string; readonly guest: string }[]> {
  const background = await endBackground(name, context, {
    kind: "mount",
    where: ({ detail }) =>
      (guest === undefined || detail["guest"] === guest) &&
      (wantedNode === undefined || detail["node"] === wantedNode),
  });
  const ended = new Map<string, { readonly node: string; readonly guest: string }>();
  const add = (one: { readonly node: string; readonly guest: string }): void =>
    void ended.set(JSON.stringify([one.node, one.guest]), one);
  for (const { detail } of background) add({ node: String(detail["node"]), guest: String(detail["guest"]) });
  for (const node of await nodesOf(name, wantedNode, context)) {
    for (const { mount } of await mountsOf(node, context)) {
      if (guest !== undefined && mount.guest !== guest) continue;
      await withTransport(node, context, (transport) => endGuestMount(transport, mount, context.signal));
      add({ node: node.name, guest: mount.guest });
    }
  }
  if (wantedNode === undefined) for (const one of await forgetOnRecord(name, guest, context)) add(one);
  if (guest !== undefined && ended.size === 0) throw new LocalkubeError("MOUNT_UNKNOWN", { guest, name });
  return [...ended.values()];
}

/** So that the next start does not make them again. */
async function forgetOnRecord(
  name: string,
  guest: string | undefined,
  context: UseCaseContext,
): Promise<readonly { readonly node: string; readonly guest: string }[]> {
  const isMeant = (text: string): boolean => guest === undefined || parseMount(text, "/").guest === guest;
  const { record } = await openCluster(name, context);
  if (!record.spec.mounts.some(isMeant)) return [];
  const lock = {
    command: "localkube mount remove",
    signal: context.signal,
    onWait: (text: string) => notice(context, text),
  };
  return withProfileLock(context.host, name, lock, async () => {
    const { record: current } = await openCluster(name, context);
    const { spec } = current;
    const mounts = spec.mounts.filter((text) => !isMeant(text));
    await saveCluster(context.host, { ...current, spec: { ...spec, mounts } });
    const node = firstNode(current).name;
    return spec.mounts.filter(isMeant).map((text) => ({ node, guest: parseMount(text, "/").guest }));
  });
}

/** With one named: that, or a rejection. Else those whose machines run: a machine that is off has no mounts. */
async function nodesOf(
  name: string,
  wanted: string | undefined,
  context: UseCaseContext,
): Promise<readonly OpenNode[]> {
  const cluster = await openCluster(name, context);
  if (wanted !== undefined) return [nodeOf(cluster, wanted)];
  const running: OpenNode[] = [];
  for (const node of cluster.nodes.filter(isCreated))
    if ((await cluster.driver.state(node.machine, quietly(context))) === "running") running.push(node);
  return running;
}

const mountsOf = (
  node: OpenNode,
  context: UseCaseContext,
): Promise<readonly { readonly node: OpenNode; readonly mount: GuestMount }[]> =>
  withTransport(node, context, async (transport) =>
    (await lookAtMounts(transport, context.signal)).mounts.map((mount) => ({ node, mount })),
  );
