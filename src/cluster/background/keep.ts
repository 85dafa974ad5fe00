import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { LocalkubeError, messageOf, type ErrorId } from "../../contract/errors/localkube-error.ts";
import { childEnvironment } from "../../host/child-environment.ts";
import { poll } from "../../host/poll.ts";
import {
  type BackgroundWork,
  type FoundWork,
  forgetWork,
  listWork,
  saveWork,
  type WorkKind,
} from "../../state/background-work.ts";
import { currentHolder } from "../../state/lock-holder.ts";
import type { UseCaseContext } from "../access/use-case.ts";

/** In the environment of a process that was started to stay. */
const mark = "LOCALKUBE_STAYS_FOR";

/** How the work is called, and what `BackgroundWork` says of it. */
export interface Kept extends Pick<BackgroundWork, "kind" | "id" | "what"> {
  /** What the command prints. */
  readonly detail: Readonly<Record<string, unknown>>;
}

type Message =
  | { readonly begun: Readonly<Record<string, unknown>> }
  | {
      readonly failed: {
        readonly id?: string;
        readonly params?: object;
        readonly text: string;
        readonly output?: string;
      };
    };

/** Whether this process is the one that `leaveInBackground` started. */
export const staysInBackground = (): boolean => mark in process.env && process.connected;

/**
 * Runs the command line of this process again in a process that stays, and resolves with what that says once its work has begun. What the same call has left before is not begun again.
 * Rejects with what it failed with, or with the signal's reason; nothing is left then.
 */
export async function leaveInBackground(
  name: string,
  work: Pick<Kept, "kind" | "id">,
  { host, signal }: Pick<UseCaseContext, "host" | "signal">,
  /** Of another command line of localkube. */
  words: readonly string[] = process.argv.slice(2),
): Promise<Readonly<Record<string, unknown>>> {
  const before = (await listWork(host, name)).find((one) => isSame(one, work) && one.state === "alive");
  if (before) return before.detail;
  signal.throwIfAborted();
  const child = spawn(process.execPath, [process.argv[1] ?? "", ...words], {
    detached: true,
    stdio: ["ignore", "ignore", "ignore", "ipc"],
    env: { ...childEnvironment(host.env), [mark]: name },
  });
  const end = (): void => void child.kill("SIGTERM");
  signal.addEventListener("abort", end);
  try {
    const said = await Promise.race([
      once(child, "message").then(([message]) => message as Message),
      once(child, "exit").then((): Message => ({ failed: { text: "it ended without a word" } })),
    ]);
    signal.throwIfAborted();
    if ("begun" in said) return said.begun;
    const { id, params, text, output } = said.failed;
    const details = output === undefined ? {} : { output };
    if (id !== undefined) throw new LocalkubeError(id as ErrorId, { ...params }, details);
    throw new LocalkubeError("BACKGROUND_FAILED", { kind: work.kind, problem: text }, details);
  } finally {
    signal.removeEventListener("abort", end);
    if (child.connected) child.disconnect();
    child.unref();
  }
}

/**
 * The work of a process that stays: `run` calls `begun` once, when it works, and lasts until its signal aborts: by a signal to the process, or because the record of the work is gone, as after
 * the removal of the cluster's folder. What `run` rejects with before is told to the command that waits; the record is removed in the end.
 */
export async function keepInBackground(
  name: string,
  context: UseCaseContext,
  run: (context: UseCaseContext, begun: (kept: Kept) => Promise<void>) => Promise<void>,
): Promise<void> {
  const { host } = context;
  const gone = new AbortController();
  const signal = AbortSignal.any([context.signal, gone.signal]);
  const holder = await currentHolder("localkube, in the background");
  let record: BackgroundWork | undefined;
  // Nobody knows of what has not begun when the command that waits for it is gone.
  process.once("disconnect", () => {
    if (record === undefined) gone.abort(new LocalkubeError("INTERRUPTED"));
  });
  const tell = (message: Message): void => {
    if (process.connected) process.send?.(message);
  };
  const watch = async (): Promise<void> => {
    for (;;) {
      await sleep(recordMs, undefined, { signal, ref: false });
      const all = await listWork(host, name);
      if (!all.some((one) => one.holder.pid === holder.pid && one.holder.startTime === holder.startTime))
        return gone.abort(new LocalkubeError("INTERRUPTED"));
    }
  };
  try {
    await run({ ...context, signal }, async (kept) => {
      record = { ...kept, holder };
      await saveWork(host, name, record);
      void watch().catch(() => undefined);
      tell({ begun: kept.detail });
    });
  } catch (error) {
    if (record !== undefined && signal.aborted) return;
    const known = error instanceof LocalkubeError ? error : undefined;
    tell({
      failed: {
        text: messageOf(error),
        ...(known ? { id: known.id, params: known.params } : {}),
        ...(known?.output === undefined ? {} : { output: known.output }),
      },
    });
    throw error;
  } finally {
    if (record) await forgetWork(host, name, record);
    if (process.connected) process.disconnect();
  }
}

const recordMs = 10_000;
const endMs = 10_000;

/**
 * Ends what processes do for a cluster in the background, or some of it, and resolves with that, also with what was dead already. One that does not end by itself is killed. What runs on another
 * computer or in another container is left alone. Idempotent.
 */
export async function endBackground(
  name: string,
  { host, signal }: Pick<UseCaseContext, "host" | "signal">,
  wanted: { readonly kind?: WorkKind; readonly where?: (work: BackgroundWork) => boolean } = {},
): Promise<readonly FoundWork[]> {
  const { kind, where = () => true } = wanted;
  const all = (await listWork(host, name)).filter(
    (one) => (kind === undefined || kind === one.kind) && one.state !== "unknown" && where(one),
  );
  await Promise.all(
    all.map(async (work) => {
      if (work.state === "alive") await endProcess(name, work, { host, signal });
      await forgetWork(host, name, work);
    }),
  );
  return all;
}

async function endProcess(
  name: string,
  work: FoundWork,
  { host, signal }: Pick<UseCaseContext, "host" | "signal">,
): Promise<void> {
  const { pid } = work.holder;
  const hasEnded = async (): Promise<true | undefined> => {
    const found = (await listWork(host, name)).find((one) => isSame(one, work));
    return found?.state === "alive" && found.holder.pid === pid ? undefined : true;
  };
  for (const kill of ["SIGTERM", "SIGKILL"] as const) {
    try {
      process.kill(pid, kill);
    } catch {
      return;
    }
    if (await poll(hasEnded, { signal, everyMs: 50, limitMs: endMs })) return;
  }
}

const isSame = (
  one: Pick<BackgroundWork, "kind" | "id">,
  other: Pick<BackgroundWork, "kind" | "id">,
): boolean => one.kind === other.kind && one.id === other.id;
