import type { HostContext, RunContext } from "../contract/host.ts";
import { LocalkubeError } from "../contract/errors/localkube-error.ts";
import { systemFailure } from "../contract/errors/system-failure.ts";
import type { EmitEvent, PipelineEvent } from "./events.ts";

/** A step bound to what it works on, and the ids of the jobs it waits for. */
export interface Job {
  readonly id: string;
  readonly title: string;
  readonly after: readonly string[];
  /** Further jobs that it waits for if `when` holds once `after` is done. */
  readonly also?: { readonly after: readonly string[]; readonly when: () => boolean };
  /** Milliseconds until STEP_TIMEOUT. */
  readonly timeoutMs: number;
  /** Read-only; `done` skips `apply`. */
  check?(c: RunContext): Promise<"done" | "todo">;
  apply(c: RunContext): Promise<void | "unchanged">;
}

export interface RunOptions {
  readonly command: string;
  readonly profile: string;
  readonly host: HostContext;
  readonly signal: AbortSignal;
  readonly emit: EmitEvent;
  readonly log: (line: string) => void;
}

/**
 * Runs jobs as soon as their dependencies are done; independent jobs run in parallel. The first failure aborts the running jobs,
 * waits for them to stop, and rejects with that failure: what was finished stays, and is found by the next run's `check`.
 * Rejects with INTERRUPTED when `options.signal` aborts.
 */
export async function runJobs(jobs: readonly Job[], options: RunOptions): Promise<void> {
  const { emit } = options;
  assertOrder(jobs);
  const startedAt = Date.now();
  const abort = new AbortController();
  const signal = AbortSignal.any([options.signal, abort.signal]);
  emit({
    type: "run-started",
    at: startedAt,
    command: options.command,
    profile: options.profile,
    steps: jobs.map(({ id, title }) => ({ id, title })),
  });

  let failure: unknown;
  const running = new Map<string, Promise<void>>();
  for (const job of jobs) {
    const done = (ids: readonly string[]) => Promise.all(ids.flatMap((id) => running.get(id) ?? []));
    const run = done(job.after)
      .then(() => (job.also?.when() ? done(job.also.after) : undefined))
      .then(() => runJob(job, signal, options));
    run.catch((error: unknown) => {
      failure ??= error;
      abort.abort(error);
    });
    running.set(job.id, run);
  }
  await Promise.allSettled(running.values());

  const outcome = failure === undefined ? "done" : options.signal.aborted ? "interrupted" : "failed";
  const at = Date.now();
  emit({ type: "run-finished", at, durationMs: at - startedAt, outcome });
  if (outcome === "interrupted") throw new LocalkubeError("INTERRUPTED");
  if (failure !== undefined) throw failure;
}

async function runJob(job: Job, signal: AbortSignal, options: RunOptions): Promise<void> {
  const { emit } = options;
  signal.throwIfAborted();
  const startedAt = Date.now();
  const deadline = AbortSignal.timeout(job.timeoutMs);
  const c: RunContext = {
    host: options.host,
    signal: AbortSignal.any([signal, deadline]),
    report: (progress) => emit({ type: "step-progress", at: Date.now(), id: job.id, progress }),
    log: (line) => options.log(`${job.id}: ${line}`),
    notice: (text) => emit({ type: "notice", at: Date.now(), level: "info", text }),
  };
  emit({ type: "step-started", at: startedAt, id: job.id, title: job.title });
  const ended = (event: "step-finished" | "step-failed", rest: object): PipelineEvent =>
    ({
      type: event,
      at: Date.now(),
      id: job.id,
      durationMs: Date.now() - startedAt,
      ...rest,
    }) as PipelineEvent;
  try {
    const found = await job.check?.(c);
    const applied = found === "done" ? "unchanged" : await job.apply(c);
    emit(ended("step-finished", { outcome: applied ?? "done" }));
  } catch (cause) {
    const timedOut = deadline.aborted && !signal.aborted;
    const error = timedOut
      ? new LocalkubeError("STEP_TIMEOUT", { title: job.title, seconds: job.timeoutMs / 1000 }, { cause })
      : (systemFailure(cause) ?? cause);
    if (error instanceof LocalkubeError) error.step ??= job.id;
    emit(ended("step-failed", { error }));
    throw error;
  }
}

/** A job may only depend on one listed before it, so that cycles are impossible; anything else is a programming error. */
function assertOrder(jobs: readonly Job[]): void {
  const before = new Set<string>();
  for (const { id, after, also } of jobs) {
    if (before.has(id)) throw new Error(`two steps have the id ${id}`);
    const missing = [...after, ...(also?.after ?? [])].find((other) => !before.has(other));
    if (missing !== undefined)
      throw new Error(`step ${id} waits for ${missing}, which does not stand before it`);
    before.add(id);
  }
}
