import type { PipelineEvent, View } from "../pipeline/events.ts";
import { describeError } from "./describe-error.ts";
import { formatDuration } from "./format-duration.ts";
import { type Meter, progressMeter } from "./progress-meter.ts";
import { throttled } from "./throttled.ts";

const quietMs = 2_000;
const progressEveryMs = 10_000;

/** A line when a step starts, ends or fails, with the time since the start: for logs, pipes and CI. */
export function plainView(stream: NodeJS.WritableStream, { verbose }: { readonly verbose: boolean }): View {
  const steps = new Map<
    string,
    { readonly title: string; readonly startedAt: number; readonly meter: Meter }
  >();
  const mayReport = throttled(verbose ? 1_000 : progressEveryMs);
  /** A failure ends the steps beside it with the same error; it is told once. */
  const told = new Set<unknown>();
  let startedAt: number | undefined;
  const line = (at: number, text: string): void => {
    startedAt ??= at;
    stream.write(`[${formatElapsed(at - startedAt)}] ${text}\n`);
  };
  const titleOf = (id: string): string => steps.get(id)?.title ?? id;
  const progress = (event: PipelineEvent & { type: "step-progress" }): void => {
    const step = steps.get(event.id);
    if (!step) return;
    const text = step.meter(event.progress, event.at);
    if (event.at - step.startedAt < quietMs || text === "" || !mayReport(event.id, event.at)) return;
    line(event.at, `    ${step.title}: ${text}`);
  };
  const emit = (event: PipelineEvent): void => {
    switch (event.type) {
      case "run-started":
        startedAt = event.at;
        break;
      case "step-started":
        steps.set(event.id, { title: event.title, startedAt: event.at, meter: progressMeter() });
        line(event.at, `>   ${event.title}`);
        break;
      case "step-progress":
        progress(event);
        break;
      case "step-finished":
        line(event.at, finished(titleOf(event.id), event));
        break;
      case "step-failed":
        line(event.at, failed(titleOf(event.id), event, told.has(event.error)));
        told.add(event.error);
        break;
      case "notice":
        line(event.at, event.level === "warning" ? `!   ${event.text}` : `    ${event.text}`);
        break;
      case "run-finished":
        if (event.outcome !== "done")
          line(event.at, `${event.outcome} after ${formatDuration(event.durationMs)}`);
        break;
    }
  };
  return { emit, close: () => Promise.resolve() };
}

function finished(title: string, event: PipelineEvent & { type: "step-finished" }): string {
  return event.outcome === "unchanged"
    ? `=   ${title} (unchanged)`
    : `ok  ${title} (${formatDuration(event.durationMs)})`;
}

function failed(title: string, event: PipelineEvent & { type: "step-failed" }, known: boolean): string {
  const { id, message } = describeError(event.error);
  if (known || id === "INTERRUPTED") return `--  ${title} (stopped)`;
  return `ERR ${title} (${formatDuration(event.durationMs)}): ${message}`;
}

/** Fixed width, so that the lines stand under each other: `  12.3s`. */
const formatElapsed = (ms: number): string => `${(ms / 1000).toFixed(1)}s`.padStart(7);
