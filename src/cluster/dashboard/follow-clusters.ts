import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../../contract/errors/localkube-error.ts";
import type { ApiClient } from "../../kube/api-client.ts";
import { listClusters } from "../../state/store.ts";
import type { UseCaseContext } from "../access/use-case.ts";
import type { Board } from "./board.ts";
import { FollowedCluster } from "./follow-cluster.ts";

/** Reading a few small files; a cluster that appears is seen in time. */
const everyMs = 700;

export interface FollowedClusters {
  /** The API of a cluster that answers. */
  apiOf(cluster: string): ApiClient | undefined;
  /** Resolves when the signal has aborted. */
  readonly ended: Promise<void>;
}

/** Keeps all clusters of this host on the board until the signal aborts. */
export function followClusters(board: Board, context: UseCaseContext): FollowedClusters {
  const followed = new Map<string, FollowedCluster>();
  return {
    apiOf: (cluster) => followed.get(cluster)?.api,
    ended: lookUntilAborted(followed, board, context),
  };
}

async function lookUntilAborted(
  followed: Map<string, FollowedCluster>,
  board: Board,
  context: UseCaseContext,
): Promise<void> {
  const { signal, host } = context;
  while (!signal.aborted) {
    try {
      const listed = await listClusters(host);
      for (const [name, cluster] of followed)
        if (!listed.some((one) => one.name === name && "record" in one)) {
          cluster.stop();
          followed.delete(name);
        }
      for (const one of listed)
        if ("record" in one) {
          const cluster = followed.get(one.name) ?? new FollowedCluster(one.name, board, context);
          followed.set(one.name, cluster);
          void cluster.look(one.record);
        } else
          board.set(one.name, "cluster", one.name, { state: "unreadable", problem: one.problem.message });
      for (const { cluster, part } of board.all())
        if (part === "cluster" && !listed.some(({ name }) => name === cluster)) board.clear(cluster);
    } catch (error) {
      context.log(`the clusters cannot be listed: ${messageOf(error)}`);
    }
    await sleep(everyMs, undefined, { signal }).catch(() => undefined);
  }
  for (const cluster of followed.values()) cluster.stop();
}
