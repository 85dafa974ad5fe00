import type { HostContext, RunContext } from "../contract/host.ts";
import { LocalkubeError } from "../contract/errors/localkube-error.ts";
import { systemFailure } from "../contract/errors/system-failure.ts";
import type { Step } from "../contract/step.ts";
import type { EmitEvent, PipelineEvent } from "./events.ts";

export interface RunOptions {
  readonly command: string;
  readonly profile: string;
  readonly host: HostContext;
  readonly signal: AbortSignal;
  readonly emit: EmitEvent;
  readonly log: (line: string) => void;
}

/**
 * Runs steps as soon as what they need is done; what does not depend on each other runs side by side. The first failure aborts
 * the steps under way, waits for them to let go, and rejects with that failure: what was finished stays, the next run's `check`
 * finds it. Rejects with INTERRUPTED when `options.signal` aborts.
 */
export async function runSteps<S, B>(
  steps: readonly Step<S, B>[],
  state: S,
  options: RunOptions,
): Promise<void> {
  const { emit } = options;
  const order = orderSteps(steps);
  const startedAt = Date.now();
  const abort = new AbortController();
  const signal = AbortSignal.any([options.signal, abort.signal]);
  emit({
    type: "run-started",
    at: startedAt,
    command: options.command,
    profile: options.profile,
    steps: order.map(({ id, title }) => ({ id, title })),
  });

  let failure: unknown;
  const running = new Map<string, Promise<void>>();
  for (const step of order) {
    const needs = (step.needs ?? []).flatMap((id) => running.get(id) ?? []);
    const run = Promise.all(needs).then(() => runStep(step, state, signal, options));
    run.catch((error: unknown) => {
      failure ??= error;
      abort.abort(error);
    });
    running.set(step.id, run);
  }
  await Promise.allSettled(running.values());

  const outcome = failure === undefined ? "done" : options.signal.aborted ? "interrupted" : "failed";
  const at = Date.now();
  emit({ type: "run-finished", at, durationMs: at - startedAt, outcome });
  if (outcome === "interrupted") throw new LocalkubeError("INTERRUPTED");
  if (failure !== undefined) throw failure;
}

async function runStep<S, B>(
  step: Step<S, B>,
  state: S,
  signal: AbortSignal,
  options: RunOptions,
): Promise<void> {
  const { emit } = options;
  signal.throwIfAborted();
  const startedAt = Date.now();
  const deadline = AbortSignal.timeout(step.timeoutMs);
  const context: RunContext = {
    host: options.host,
    signal: AbortSignal.any([signal, deadline]),
    report: (progress) => emit({ type: "step-progress", at: Date.now(), id: step.id, progress }),
    log: (line) => options.log(`${step.id}: ${line}`),
    notice: (text) => emit({ type: "notice", at: Date.now(), level: "info", text }),
  };
  emit({ type: "step-started", at: startedAt, id: step.id, title: step.title });
  const ended = (event: "step-finished" | "step-failed", rest: object): PipelineEvent =>
    ({
      type: event,
      at: Date.now(),
      id: step.id,
      durationMs: Date.now() - startedAt,
      ...rest,
    }) as PipelineEvent;
  try {
    const found = await step.check?.(state, context);
    const applied = found === "done" ? "unchanged" : await step.apply(state, context);
    emit(ended("step-finished", { outcome: applied ?? "done" }));
  } catch (cause) {
    const timedOut = deadline.aborted && !signal.aborted;
    const error = timedOut
      ? new LocalkubeError("STEP_TIMEOUT", { title: step.title, seconds: step.timeoutMs / 1000 }, { cause })
      : (systemFailure(cause) ?? cause);
    if (error instanceof LocalkubeError) error.step ??= step.id;
    emit(ended("step-failed", { error }));
    throw error;
  }
}

/** Topological order that keeps the given order where it can; a cycle or an unknown need is a programming error. */
export function orderSteps<S, B>(steps: readonly Step<S, B>[]): readonly Step<S, B>[] {
  const byId = new Map(steps.map((step) => [step.id, step]));
  if (byId.size !== steps.length) throw new Error("two steps have the same id");
  const ordered = new Set<Step<S, B>>();
  const visiting = new Set<string>();
  const visit = (step: Step<S, B>): void => {
    if (ordered.has(step)) return;
    if (visiting.has(step.id))
      throw new Error(`steps need each other in a circle: ${[...visiting, step.id].join(" -> ")}`);
    visiting.add(step.id);
    for (const id of step.needs ?? []) {
      const need = byId.get(id);
      if (!need) throw new Error(`step ${step.id} needs ${id}, which is not there`);
      visit(need);
    }
    visiting.delete(step.id);
    ordered.add(step);
  };
  steps.forEach(visit);
  return [...ordered];
}
