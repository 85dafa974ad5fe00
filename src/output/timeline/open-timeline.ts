import { extname } from "node:path";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import { userFileProblem, writeUserFile } from "../../host/user-file.ts";
import type { EmitEvent } from "../../pipeline/events.ts";
import { timelineBars } from "./timeline-bars.ts";
import { timelineHtml, timelineSvg } from "./timeline-picture.ts";

export interface Timeline {
  readonly record: EmitEvent;
  /** Writes the file, also after a failed or interrupted run. Rejects with FILE_UNWRITABLE. */
  readonly save: () => Promise<void>;
}

const writers = {
  ".html": timelineHtml,
  ".svg": timelineSvg,
  ".json": (bars: ReturnType<typeof timelineBars>) => `${JSON.stringify(bars, null, 2)}\n`,
};

/**
 * Collects a run's events for a picture of where the time was spent; the extension of `file` selects the format, `.html` when unknown.
 * Rejects with FILE_UNWRITABLE, before anything is created, when the file could not be written in the end.
 */
export async function openTimeline(file: string): Promise<Timeline> {
  const unwritable = (problem: string, cause?: unknown) =>
    new LocalkubeError("FILE_UNWRITABLE", { file, problem, flag: "timeline" }, { cause });
  const problem = await userFileProblem(file);
  if (problem !== undefined) throw unwritable(problem);
  const events: Parameters<EmitEvent>[0][] = [];
  return {
    record: (event) => void events.push(event),
    async save() {
      const ending = extname(file) as keyof typeof writers;
      const text = (writers[ending] ?? timelineHtml)(timelineBars(events));
      // Nobody needs the former picture.
      await writeUserFile(file, text, { backup: false }).catch((cause: Error) => {
        throw unwritable(cause.message, cause);
      });
    },
  };
}
