import { setTimeout as sleep } from "node:timers/promises";
import { LocalkubeError } from "../contract/errors/localkube-error.ts";
import type { ApiClient, KubeObject } from "./api-client.ts";

/** What a watch sees. `all` replaces everything that was seen before it: it comes first, and again whenever something may have been missed. */
export type Seen<T extends KubeObject = KubeObject> =
  | { readonly type: "all"; readonly objects: readonly T[] }
  /** Added or modified. */
  | { readonly type: "changed"; readonly object: T }
  /** With the object as it last was. */
  | { readonly type: "deleted"; readonly object: T }
  /** The API does not answer; it is tried again, and `all` follows. Told once until then. */
  | { readonly type: "lost"; readonly problem: LocalkubeError };

/** How long one watch lasts on the server, so that a connection that died without a word is noticed. */
const lastsSeconds = 240;
/** What a slow server may take for its end. */
const graceMs = 30_000;
const firstPauseMs = 200;
const longestPauseMs = 3000;

interface List<T> {
  readonly metadata?: { readonly resourceVersion?: string };
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly items?: readonly T[] | null;
}

interface WatchEvent<T> {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: T & { readonly code?: number; readonly message?: string };
}

/**
 * Tells `onSeen` about the objects of a collection (`/api/v1/pods`, `/api/v1/services?fieldSelector=…`) until the signal aborts; then it
 * resolves. It survives whatever ends a watch: the server's time limit, a version that is too old (410), a server that is gone for a while.
 * Rejects with API_REFUSED only for what another try does not change: no permission, no such collection. Read-only.
 */
export async function watch<T extends KubeObject = KubeObject>(
  api: ApiClient,
  path: string,
  onSeen: (seen: Seen<T>) => void,
  signal: AbortSignal,
): Promise<void> {
  let pause = firstPauseMs;
  let isLost = false;
  while (!signal.aborted) {
    const begun = performance.now();
    try {
      const list = await api.get<List<T>>(path, { signal });
      if (!list) throw api.refused("GET", path, 404, `there is no ${path}`);
      onSeen({ type: "all", objects: named(list) });
      isLost = false;
      await follow(api, path, list.metadata?.resourceVersion ?? "", onSeen, signal);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof LocalkubeError) || isFinal(error)) throw error;
      if (!isLost) onSeen({ type: "lost", problem: error });
      isLost = true;
    }
    // A server that comes up, or has too much to do, refuses for seconds.
    if (performance.now() - begun > longestPauseMs) pause = firstPauseMs;
    await pauseFor(pause, signal);
    pause = Math.min(pause * 2, longestPauseMs);
  }
}

/** Resolves when everything has to be listed again. */
async function follow<T extends KubeObject>(
  api: ApiClient,
  path: string,
  from: string,
  onSeen: (seen: Seen<T>) => void,
  signal: AbortSignal,
): Promise<void> {
  let version = from;
  while (!signal.aborted) {
    const limit = AbortSignal.timeout(lastsSeconds * 1000 + graceMs);
    try {
      const lines = api.lines(watchPath(path, version), { signal: AbortSignal.any([signal, limit]) });
      for await (const line of lines) {
        const { type, object } = JSON.parse(line) as WatchEvent<T>;
        if (type === "ERROR") return;
        version = (object.metadata["resourceVersion"] as string | undefined) ?? version;
        if (type === "DELETED") onSeen({ type: "deleted", object });
        else if (type !== "BOOKMARK") onSeen({ type: "changed", object });
      }
      await pauseFor(firstPauseMs, signal);
    } catch (error) {
      if (limit.aborted && !signal.aborted) return;
      if (error instanceof LocalkubeError && statusOf(error) === 410) return;
      throw error;
    }
  }
}

const pauseFor = (ms: number, signal: AbortSignal): Promise<void> =>
  sleep(ms, undefined, { signal }).catch(() => undefined);

function watchPath(path: string, resourceVersion: string): string {
  const query = new URLSearchParams({
    watch: "true",
    allowWatchBookmarks: "true",
    timeoutSeconds: `${lastsSeconds}`,
    resourceVersion,
  });
  return `${path}${path.includes("?") ? "&" : "?"}${query.toString()}`;
}

/** Objects in a list do not say what they are, those of a watch do. */
const named = <T extends KubeObject>({ apiVersion, kind = "", items }: List<T>): readonly T[] =>
  (items ?? []).map((item) => ({
    ...(apiVersion === undefined ? {} : { apiVersion, kind: kind.replace(/List$/, "") }),
    ...item,
  }));

const passing = new Set([408, 410, 429]);

const isFinal = (error: LocalkubeError): boolean => {
  const status = statusOf(error);
  return status !== undefined && status >= 400 && status < 500 && !passing.has(status);
};

const statusOf = (error: LocalkubeError): number | undefined =>
  error.id === "API_REFUSED" ? Number(error.params["status"]) : undefined;
