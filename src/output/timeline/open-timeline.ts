import { extname } from "node:path";
import type { EmitEvent } from "../../pipeline/events.ts";
import { timelineBars } from "./timeline-bars.ts";
import { timelineHtml, timelineSvg } from "./timeline-picture.ts";

export interface Timeline {
  readonly record: EmitEvent;
  /** Writes the file, also after a failed or interrupted run. */
  readonly save: () => Promise<void>;
}

const writers = {
  ".html": timelineHtml,
  ".svg": timelineSvg,
  ".json": (bars: ReturnType<typeof timelineBars>) => `${JSON.stringify(bars, null, 2)}\n`,
};

/** Collects a run's events for a picture of where the time went; the ending of `file` chooses its form, `.html` when unknown. */
export function openTimeline(file: string): Timeline {
  const events: Parameters<EmitEvent>[0][] = [];
  return {
    record: (event) => void events.push(event),
    async save() {
      const { default: writeFileAtomic } = await import("write-file-atomic");
      const ending = extname(file) as keyof typeof writers;
      await writeFileAtomic(file, (writers[ending] ?? timelineHtml)(timelineBars(events)));
    },
  };
}
