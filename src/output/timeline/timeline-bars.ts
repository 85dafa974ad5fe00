import type { PipelineEvent } from "../../pipeline/events.ts";

export interface TimelineBar {
  readonly id: string;
  readonly title: string;
  /** Milliseconds from the start of the run. */
  readonly startMs: number;
  readonly durationMs: number;
  readonly outcome: "done" | "unchanged" | "failed";
}

/** One bar per executed step, in the order of their starts. */
export function timelineBars(events: readonly PipelineEvent[]): readonly TimelineBar[] {
  const zero = events.find((event) => event.type === "run-started")?.at ?? 0;
  const started = new Map<string, { title: string; at: number }>();
  const bars: TimelineBar[] = [];
  for (const event of events) {
    if (event.type === "step-started") started.set(event.id, event);
    if (event.type !== "step-finished" && event.type !== "step-failed") continue;
    const begun = started.get(event.id);
    if (!begun) continue;
    const outcome = event.type === "step-failed" ? "failed" : event.outcome;
    bars.push({
      id: event.id,
      title: begun.title,
      startMs: begun.at - zero,
      durationMs: event.durationMs,
      outcome,
    });
  }
  return bars.sort((a, b) => a.startMs - b.startMs);
}
