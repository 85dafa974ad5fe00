import type { Part, Parts } from "../../dashboard/rows.ts";
import { inventoryNamespace } from "../../addons/inventory.ts";
import type { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { ApiClient, KubeObject } from "../../kube/api-client.ts";
import { watch } from "../../kube/watch.ts";
import type { Board } from "./board.ts";
import { type Event, eventRow, type Node, nodeRow, type Pod, podRow } from "./rows-of.ts";

export interface ApiListener {
  /** The API answers. */
  onFound(): void;
  /** It does not, and is tried again. */
  onLost(problem: LocalkubeError): void;
  /** Something that the state of addons depends on is other than before. */
  onAddons(): void;
}

/** What the board has from the API. */
export const apiParts = ["node", "pod", "event"] as const satisfies readonly Part[];

/**
 * Keeps nodes, pods and events of a cluster on the board as they are, until the signal aborts; then it resolves. Rejects with API_REFUSED.
 */
export async function followApi(
  cluster: string,
  api: ApiClient,
  board: Board,
  listener: ApiListener,
  signal: AbortSignal,
): Promise<void> {
  const ended = new AbortController();
  const until = AbortSignal.any([signal, ended.signal]);
  const follow = <T extends KubeObject>(path: string, onChange: Changed<T>): Promise<void> =>
    watch<T>(
      api,
      path,
      (seen) => {
        if (seen.type === "lost") return listener.onLost(seen.problem);
        listener.onFound();
        if (seen.type === "all") onChange.all(seen.objects);
        else onChange.one(seen.object, seen.type === "deleted");
      },
      until,
    );
  const onPart = <T extends KubeObject, P extends (typeof apiParts)[number]>(
    part: P,
    rowOf: (object: T) => Parts[P],
  ): Changed<T> => ({
    all: (objects) => board.replace(cluster, part, new Map(objects.map((one) => [uidOf(one), rowOf(one)]))),
    one: (object, isGone) =>
      isGone
        ? board.remove(cluster, part, uidOf(object))
        : board.set(cluster, part, uidOf(object), rowOf(object)),
  });
  const pods = onPart<Pod, "pod">("pod", podRow);
  const andAddons = <T extends KubeObject>({ all, one }: Changed<T>): Changed<T> => ({
    all: (objects) => (all(objects), listener.onAddons()),
    one: (object, isGone) => (one(object, isGone), listener.onAddons()),
  });
  const nothing: Changed<KubeObject> = { all: () => undefined, one: () => undefined };
  const inventories = `/api/v1/namespaces/${inventoryNamespace}/configmaps`;
  try {
    await Promise.all([
      follow("/api/v1/nodes", onPart<Node, "node">("node", nodeRow)),
      follow("/api/v1/pods", andAddons(pods)),
      follow("/api/v1/events", onPart<Event, "event">("event", eventRow)),
      follow(inventories, andAddons(nothing)),
    ]);
  } finally {
    // One that failed ends the others.
    ended.abort();
  }
}

interface Changed<T> {
  readonly all: (objects: readonly T[]) => void;
  readonly one: (object: T, isGone: boolean) => void;
}

const uidOf = ({ metadata }: KubeObject): string => (metadata["uid"] as string | undefined) ?? metadata.name;
