import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { poll } from "./poll.ts";

/** Gives the lock up; rejects when it was lost before. */
export type Release = () => Promise<void>;

export interface LockKind {
  /** Milliseconds without a heartbeat after which the holder counts as dead, and the next one takes the lock over. Default 10 000. */
  readonly staleMs?: number;
  /** Milliseconds between two heartbeats of ours, at most half of `staleMs`. Default 2500. */
  readonly heartbeatMs?: number;
}

export interface LockOptions extends LockKind {
  /** Ends the wait and, unless it looks elsewhere, the work. */
  readonly signal?: AbortSignal;
  /** Milliseconds to wait for another holder. */
  readonly waitMs: number;
  readonly pollMs: number;
  /** Called after each failed attempt; the number of those before it. */
  readonly onWait?: (before: number) => void;
  /** What the call rejects with when the wait was too long. */
  readonly busy: () => Error;
  /** What the signal of `work` aborts with when the lock is lost; default the error that says how. */
  readonly lost?: () => Error;
}

const defaultStaleMs = 10_000;

/**
 * Runs `work` as the only one on this host that holds the lock, a folder of that name whose time is its heartbeat. A lock whose holder was
 * killed is taken over after `staleMs`. `work` gets a signal that also aborts when the lock is lost, because this process or its computer
 * stood still for so long that another one took it over. The lock is released when `work` has settled. Rejects with `busy`, with the
 * signal's reason, or with the system's error when the folder cannot be made.
 */
export async function withLock<T>(
  folder: string,
  options: LockOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { signal = new AbortController().signal, waitMs, pollMs } = options;
  const lost = new AbortController();
  await mkdir(dirname(folder), { recursive: true });
  const release = await poll(
    async (before) => {
      const held = await tryLock(folder, options, (error) => lost.abort(options.lost?.() ?? error));
      if (!held) options.onWait?.(before);
      return held;
    },
    { signal, everyMs: pollMs, limitMs: waitMs },
  );
  if (!release) throw options.busy();
  try {
    return await work(AbortSignal.any([signal, lost.signal]));
  } finally {
    await release().catch(() => undefined); // a lost lock belongs to another process now
  }
}

/** The lock, or undefined when another holds it; `onLost` is called when it is taken from us. Rejects as the system does. */
export async function tryLock(
  folder: string,
  { staleMs = defaultStaleMs, heartbeatMs = 2500 }: LockKind,
  onLost: (error: Error) => void,
): Promise<Release | undefined> {
  const { default: lockfile } = await import("proper-lockfile");
  const options = { lockfilePath: folder, realpath: false, stale: staleMs, update: heartbeatMs };
  return lockfile
    .lock(folder, { ...options, onCompromised: onLost })
    .catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ELOCKED") return undefined;
      throw error;
    });
}

/** Whether somebody holds the lock. */
export async function isLocked(folder: string, staleMs = defaultStaleMs): Promise<boolean> {
  const { default: lockfile } = await import("proper-lockfile");
  return lockfile.check(folder, { lockfilePath: folder, realpath: false, stale: staleMs });
}
