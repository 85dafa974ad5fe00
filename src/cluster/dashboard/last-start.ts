import type { StartBar, StartRow } from "../../dashboard/rows.ts";
import type { PipelineEvent } from "../../pipeline/events.ts";
import { timelineBars } from "../../pipeline/timeline-bars.ts";
import { journalEntries } from "../logs/journal.ts";

/** The last start in a cluster's journal; undefined when there is none. One without an end goes on if somebody is at work on the cluster (`isBusy`), else it was killed. Pure. */
export function lastStart(journal: string, isBusy: boolean): StartRow | undefined {
  const events = journalEntries(journal) as readonly PipelineEvent[];
  const begin = events.findLastIndex((event) => event.type === "run-started" && event.command === "start");
  const first = events[begin];
  if (!first) return undefined;
  const next = events.findIndex((event, index) => index > begin && event.type === "run-started");
  const own = events.slice(begin, next < 0 ? undefined : next);
  const end = own.find((event) => event.type === "run-finished");
  const outcome = end?.outcome ?? (next < 0 && isBusy ? "running" : "interrupted");
  const ended = timelineBars(own);
  const open = own.flatMap((event): readonly StartBar[] =>
    event.type === "step-started" && !ended.some(({ id }) => id === event.id)
      ? [
          {
            id: event.id,
            title: event.title,
            startMs: event.at - first.at,
            outcome: outcome === "running" ? "running" : "interrupted",
          },
        ]
      : [],
  );
  return {
    at: first.at,
    ...(end ? { durationMs: end.durationMs } : {}),
    outcome,
    bars: [...ended, ...open].toSorted((a, b) => a.startMs - b.startMs),
  };
}
