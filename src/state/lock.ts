import { mkdir, readdir, rm, rmdir, stat } from "node:fs/promises";
import process from "node:process";
import { LocalkubeError } from "../contract/errors/localkube-error.ts";
import { unlessDiskFull } from "../contract/errors/system-failure.ts";
import type { HostContext } from "../contract/host.ts";
import { giveToHomeOwner } from "../host/home-owner.ts";
import { type Release, tryLock } from "../host/lock.ts";
import { poll } from "../host/poll.ts";
import { currentHolder, holderState, readHolder, type LockHolder } from "./lock-holder.ts";
import { markFolder } from "./own-folders.ts";
import { clusterPaths, homePaths, type LockPaths, privateDirectoryMode } from "./paths.ts";
import { notPermitted, writePrivateFile } from "./private-file.ts";

export interface LockOptions {
  /** Shown to whoever waits: `localkube start`. No secrets. */
  readonly command: string;
  readonly signal: AbortSignal;
  /** Milliseconds to wait for another writer before STATE_LOCKED. Default 30 000. */
  readonly waitMs?: number;
  /** Called once, when waiting begins: "waiting for localkube start (process 4711), at work since …". */
  readonly onWait?: (notice: string) => void;
  /** Called after each failed attempt, for callers that must know what happens while they wait. */
  readonly whileWaiting?: () => Promise<void>;
}

type Folders = Pick<HostContext, "stateDir" | "cacheDir">;

const pollMs = 100;
const heartbeatMs = 5000;
/** A lock whose holder cannot be checked (another machine, or none recorded) counts as abandoned when its heartbeat is this old. */
const silenceMs = 30_000;
/** We decide by the holder whether a lock is abandoned; the library's own rule (age alone) would steal the lock of a suspended laptop. */
const neverByAge = Number.MAX_SAFE_INTEGER;

/**
 * Runs `work` as the only writer of a profile on this machine; readers need no lock. A lock left by a killed process is taken over
 * immediately. `work` gets a signal that follows `options.signal` and also aborts when the lock is lost (STATE_LOCK_LOST); the lock is
 * released when `work` has settled, never before. Rejects with STATE_LOCKED naming the other process, or with the signal's reason.
 */
export function withProfileLock<T>(
  host: Folders,
  name: string,
  options: LockOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return withLock(host, { name, paths: clusterPaths(host, name) }, options, work);
}

/**
 * Runs `work` while nothing else writes in the whole state folder: it waits for the writers of all profiles, and later ones
 * wait until it ends. Otherwise like `withProfileLock`.
 */
export function withPurgeLock<T>(
  host: Folders,
  options: LockOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const everybody = { name: "(all)", paths: homePaths(host).purge };
  return withLock(host, everybody, options, async (signal) => {
    await waitForWriters(host, { ...options, signal });
    return work(signal);
  });
}

/** What a lock is for, and where it is. */
interface Subject {
  readonly name: string;
  readonly paths: LockPaths;
}

async function withLock<T>(
  host: Folders,
  subject: Subject,
  options: LockOptions,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { name, paths } = subject;
  const lost = new AbortController();
  const onLost = () => lost.abort(new LocalkubeError("STATE_LOCK_LOST", { name }));
  const release = await acquire(host, subject, options, onLost);
  try {
    return await work(AbortSignal.any([options.signal, lost.signal]));
  } finally {
    // The holder is removed first: others wait for a lock without a holder, but would take over that of a dead holder.
    if (!lost.signal.aborted) await rm(paths.lockHolder, { force: true });
    await release().catch(() => undefined); // a lost lock belongs to another process now
  }
}

async function acquire(
  host: Folders,
  { name, paths }: Subject,
  options: LockOptions,
  onLost: () => void,
): Promise<Release> {
  const { purge } = homePaths(host);
  const { signal, waitMs = 30_000, onWait } = options;
  let holder: LockHolder | undefined;
  const attempt = async (before: number) => {
    // Each time: a purge removes it at its end.
    await makeLockFolder(host);
    const release = await tryAcquire(paths, options.command, onLost);
    // Each of the two takes its own lock first and only then looks for the other's, so one of them sees the other.
    const purging = release !== undefined && paths.lock !== purge.lock && (await isHeld(purge));
    if (release && !purging) return release;
    if (release) {
      await rm(paths.lockHolder, { force: true });
      await release().catch(() => undefined);
    }
    holder = await readHolder(purging ? purge.lockHolder : paths.lockHolder);
    await options.whileWaiting?.();
    // The first failure may only be a collision at the guard.
    if (before === 1) onWait?.(`waiting for ${describe(holder)}`);
    return undefined;
  };
  const release = await poll(attempt, { signal, everyMs: pollMs, limitMs: waitMs });
  if (!release) throw locked(name, holder);
  return release;
}

/** Waits until no profile's lock is held. Rejects with STATE_LOCKED naming the holder of one. */
async function waitForWriters(
  host: Folders,
  { signal, waitMs = 30_000, onWait }: LockOptions,
): Promise<void> {
  const { locks } = homePaths(host);
  let last: { name: string; holder: LockHolder | undefined } | undefined;
  const nobody = async (before: number) => {
    const profiles = (await readdir(locks)).flatMap((file) => /^([a-z0-9].*)\.lock$/.exec(file)?.[1] ?? []);
    const held = await Promise.all(
      profiles.map(async (name) => ((await isHeld(clusterPaths(host, name))) ? [name] : [])),
    );
    const [name] = held.flat();
    if (name === undefined) return true;
    last = { name, holder: await readHolder(clusterPaths(host, name).lockHolder) };
    if (before === 1) onWait?.(`waiting for ${describe(last.holder)}`);
    return undefined;
  };
  const free = await poll(nobody, { signal, everyMs: pollMs, limitMs: waitMs });
  if (!free && last) throw locked(last.name, last.holder);
}

/** Whether a lock exists whose holder is alive, or may be. */
async function isHeld(paths: LockPaths): Promise<boolean> {
  const isThere = await stat(paths.lock).then(
    () => true,
    () => false,
  );
  return isThere && !(await isLeftBehind(paths, await readHolder(paths.lockHolder)));
}

async function isLeftBehind(paths: LockPaths, holder: LockHolder | undefined): Promise<boolean> {
  const state = holder ? await holderState(holder) : "unknown";
  return state === "dead" || (state === "unknown" && (await isSilent(paths.lock)));
}

/**
 * Lock and holder change together only under a short-lived guard: of two waiters that see the same dead holder, the second must not
 * remove the lock that the first has just acquired.
 */
async function tryAcquire(
  paths: LockPaths,
  command: string,
  onLost: () => void,
): Promise<Release | undefined> {
  const leaveGuard = await take(paths.lockTakeover, 5000, () => undefined);
  if (!leaveGuard) return undefined;
  try {
    const release =
      (await take(paths.lock, neverByAge, onLost)) ??
      (await takeOver(paths, await readHolder(paths.lockHolder), onLost));
    // Others wait for a lock without a holder as long as its heartbeat continues.
    if (release)
      await writePrivateFile(paths.lockHolder, JSON.stringify(await currentHolder(command))).catch(
        unlessDiskFull,
      );
    return release;
  } finally {
    await leaveGuard().catch(() => undefined);
  }
}

async function takeOver(paths: LockPaths, holder: LockHolder | undefined, onLost: () => void) {
  if (!(await isLeftBehind(paths, holder))) return undefined;
  await rm(paths.lockHolder, { force: true });
  await rmdir(paths.lock);
  return take(paths.lock, neverByAge, onLost);
}

async function isSilent(folder: string): Promise<boolean> {
  const heartbeat = await stat(folder).catch(() => undefined);
  return heartbeat !== undefined && Date.now() - heartbeat.mtimeMs > silenceMs;
}

const take = (folder: string, staleMs: number, onLost: () => void): Promise<Release | undefined> =>
  tryLock(folder, { staleMs, heartbeatMs }, onLost).catch((problem: unknown) => {
    throw notPermitted(folder, problem) ?? problem;
  });

async function makeLockFolder(host: Folders): Promise<void> {
  const { locks, stateDir } = homePaths(host);
  // On a full disk `delete` must continue; a folder without the mark is recognised by its content.
  await markFolder(host, "state").catch(unlessDiskFull);
  try {
    const made = await mkdir(locks, { recursive: true, mode: privateDirectoryMode });
    if (made !== undefined) await giveToHomeOwner([made], process.env);
  } catch (cause) {
    const own = notPermitted(locks, cause);
    if (own) throw own;
    const problem = (cause as Error).message;
    throw new LocalkubeError("STATE_UNWRITABLE", { file: locks, folder: stateDir, problem }, { cause });
  }
}

function locked(name: string, holder: LockHolder | undefined): LocalkubeError {
  return new LocalkubeError("STATE_LOCKED", {
    name,
    since: holder?.since ?? "an unknown time",
    holder: holder ? `${holder.command}, process ${holder.pid} on ${holder.hostname}` : "an unknown process",
  });
}

function describe(holder: LockHolder | undefined): string {
  if (!holder) return "another localkube";
  return `${holder.command} (process ${holder.pid}), at work since ${holder.since}`;
}
