import type { PipelineEvent, View } from "../pipeline/events.ts";
import { describeError } from "./describe-error.ts";
import { formatDuration } from "./format.ts";
import { type Meter, progressMeter } from "./progress-meter.ts";
import { throttled } from "./throttled.ts";

/** A step that takes no longer than this is reported only when it ends, and not at all when there was nothing to do. */
const shortMs = 1_000;
const quietMs = 2_000;
const progressEveryMs = 10_000;

/**
 * One line when a step that takes a while starts, and when a step ends or fails, with the time since the start: for logs, pipes and CI.
 * Of the steps that changed nothing, those that took a while (they waited) are listed with their time, the others are counted at the end;
 * `verbose` lists each.
 */
export function plainView(stream: NodeJS.WritableStream, { verbose }: { readonly verbose: boolean }): View {
  const steps = new Map<
    string,
    { readonly title: string; readonly startedAt: number; readonly meter: Meter }
  >();
  const mayReport = throttled(verbose ? 1_000 : progressEveryMs);
  /** A failure ends the steps running in parallel with the same error; it is reported once. */
  const told = new Set<unknown>();
  const announcements = new Map<string, NodeJS.Timeout>();
  let unchanged = 0;
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
  const announce = ({ id, title, at }: PipelineEvent & { type: "step-started" }): void => {
    const tell = (now: number): void => line(now, `>   ${title}`);
    if (verbose) return tell(at);
    const timer = setTimeout(() => {
      announcements.delete(id);
      tell(at + shortMs);
    }, shortMs);
    announcements.set(id, timer.unref());
  };
  /** Whether the step's start was reported. */
  const settle = (id: string): boolean => {
    clearTimeout(announcements.get(id));
    return !announcements.delete(id);
  };
  const finish = (event: PipelineEvent & { type: "step-finished" }): void => {
    const wasTold = settle(event.id);
    if (event.outcome === "unchanged" && !wasTold) unchanged++;
    if (wasTold || event.outcome !== "unchanged") line(event.at, finished(titleOf(event.id), event));
  };
  const conclude = ({ at, outcome, durationMs }: PipelineEvent & { type: "run-finished" }): void => {
    if (outcome !== "done") line(at, `${outcome} after ${formatDuration(durationMs)}`);
    else if (!verbose && unchanged > 0)
      line(at, `=   ${unchanged} ${unchanged === 1 ? "step" : "steps"} had nothing to do`);
  };
  const emit = (event: PipelineEvent): void => {
    switch (event.type) {
      case "run-started":
        startedAt = event.at;
        unchanged = 0;
        break;
      case "step-started":
        steps.set(event.id, { title: event.title, startedAt: event.at, meter: progressMeter() });
        announce(event);
        break;
      case "step-progress":
        progress(event);
        break;
      case "step-finished":
        finish(event);
        break;
      case "step-failed":
        settle(event.id);
        line(event.at, failed(titleOf(event.id), event, told.has(event.error)));
        told.add(event.error);
        break;
      case "notice":
        line(event.at, event.level === "warning" ? `!   ${event.text}` : `    ${event.text}`);
        break;
      case "run-finished":
        conclude(event);
        break;
    }
  };
  return { emit, close: () => Promise.resolve() };
}

/** What is said of a finished step: its time, or that there was nothing to do. A wait that changed nothing took its time all the same. */
export const finishedNote = ({
  outcome,
  durationMs,
}: Pick<PipelineEvent & { type: "step-finished" }, "outcome" | "durationMs">): string =>
  outcome === "unchanged" && durationMs < shortMs ? "unchanged" : formatDuration(durationMs);

function finished(title: string, event: PipelineEvent & { type: "step-finished" }): string {
  const note = finishedNote(event);
  return event.outcome === "unchanged" ? `=   ${title} (${note})` : `ok  ${title} (${note})`;
}

function failed(title: string, event: PipelineEvent & { type: "step-failed" }, known: boolean): string {
  const { id, message } = describeError(event.error);
  if (known || id === "INTERRUPTED") return `--  ${title} (stopped)`;
  return `ERR ${title} (${formatDuration(event.durationMs)}): ${message}`;
}

/** Fixed width, so that the lines are aligned: `  12.3s`. */
const formatElapsed = (ms: number): string => `${(ms / 1000).toFixed(1)}s`.padStart(7);
