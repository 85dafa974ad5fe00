import type { LogSink } from "./guest.ts";
import { isProblem } from "./problem.ts";

/** Passes on the last `lines` problems of each section, and only sections that have any; call `end` after the last line. */
export function problemSink(target: LogSink, lines: number): LogSink & { end(): void } {
  let name: string | undefined;
  let kept: string[] = [];
  const end = (): void => {
    if (kept.length > 0 && name !== undefined) target.section(name);
    kept.forEach((line) => target.line(line));
    kept = [];
  };
  return {
    section(next) {
      end();
      name = next;
    },
    line(text) {
      if (!isProblem(text)) return;
      kept.push(text);
      if (kept.length > lines) kept.shift();
    },
    end,
  };
}
