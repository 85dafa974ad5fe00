import process from "node:process";
import { styleText } from "node:util";
import { DefaultRenderer, Listr, ListrLogger, type ListrTask, ProcessOutput } from "listr2";
import type { PipelineEvent, StepInfo, View } from "../pipeline/events.ts";
import { formatDuration } from "./format.ts";
import { finishedNote } from "./plain-view.ts";
import { type Meter, progressMeter } from "./progress-meter.ts";
import { throttled } from "./throttled.ts";

const showCursor = "\u001b[?25h";

/** listr2 draws on standard error here, so standard output may be a file. */
class StderrRenderer extends DefaultRenderer {
  static override nonTTY = true;
}

/** One drawn line: listr2 takes it for a running task; it ends when the pipeline reports so. */
interface Line {
  readonly info: StepInfo;
  readonly meter: Meter;
  readonly ended: PromiseWithResolvers<void>;
  draw: ((title: string) => void) | undefined;
  startedAt: number | undefined;
  /** Draws the step once it has taken a while: a step that had nothing to do is not shown at all. */
  appearance: NodeJS.Timeout | undefined;
}

const shortMs = 1_000;

/**
 * A list of the steps that take a while or change something, redrawn as they progress.
 * listr2 only draws; order, deadlines and signals are handled by the pipeline.
 */
export function listrView(stream: NodeJS.WriteStream): View {
  const dim = (text: string): string => styleText("dim", text, { stream });
  const lines = new Map<string, Line>();
  const mayDraw = throttled(200);
  const notices: string[] = [];
  /** A failure ends the steps running in parallel with the same error. */
  const told = new Set<unknown>();
  let drawing: Promise<unknown> | undefined;
  const restoreCursor = (): void => void stream.write(showCursor);

  const begin = (steps: readonly StepInfo[]): void => {
    for (const info of steps) lines.set(info.id, newLine(info));
    process.once("exit", restoreCursor);
    drawing = list([...lines.values()], stream).run();
  };
  const end = (event: PipelineEvent & { type: "step-finished" | "step-failed" }): void => {
    const line = lines.get(event.id);
    if (!line) return;
    const unchanged = event.type === "step-finished" && event.outcome === "unchanged";
    const known = event.type === "step-failed" && told.has(event.error);
    if (event.type === "step-failed") told.add(event.error);
    const isShort = line.appearance !== undefined;
    clearTimeout(line.appearance);
    line.appearance = undefined;
    const note =
      event.type === "step-finished"
        ? finishedNote(event)
        : known
          ? "stopped"
          : formatDuration(event.durationMs);
    if (!(unchanged && isShort))
      line.draw?.(unchanged ? dim(`${line.info.title} ${note}`) : `${line.info.title} ${dim(note)}`);
    line.startedAt = undefined;
    if (event.type === "step-failed") line.ended.reject(new Error(line.info.title));
    else line.ended.resolve();
  };
  const progress = (event: PipelineEvent & { type: "step-progress" }): void => {
    const line = lines.get(event.id);
    const text = line?.meter(event.progress, event.at);
    if (line && text && mayDraw(event.id, event.at)) line.draw?.(`${line.info.title} ${dim(text)}`);
  };
  const emit = (event: PipelineEvent): void => {
    switch (event.type) {
      case "run-started":
        begin(event.steps);
        break;
      case "step-started": {
        const line = lines.get(event.id);
        if (!line) break;
        line.startedAt = event.at;
        line.appearance = setTimeout(() => {
          line.appearance = undefined;
          line.draw?.(event.title);
        }, shortMs).unref();
        break;
      }
      case "step-progress":
        progress(event);
        break;
      case "step-finished":
      case "step-failed":
        end(event);
        break;
      case "notice":
        notices.push(
          event.level === "warning" ? `${styleText("yellow", "!", { stream })} ${event.text}` : event.text,
        );
        if (!drawing) flushNotices();
        break;
      case "run-finished":
        break;
    }
  };
  // Lines printed between drawn ones would be erased by the next redraw, so they wait until drawing ends.
  const flushNotices = (): void => notices.splice(0).forEach((text) => stream.write(`${text}\n`));
  const close = async (): Promise<void> => {
    for (const line of lines.values()) {
      clearTimeout(line.appearance);
      if (line.startedAt === undefined) line.ended.resolve();
      else line.ended.reject(new Error(line.info.title));
    }
    await drawing;
    drawing = undefined;
    process.off("exit", restoreCursor);
    flushNotices();
  };
  return { emit, close };
}

function newLine(info: StepInfo): Line {
  const ended = Promise.withResolvers<void>();
  // listr2 attaches to the promise a moment later; a failure before that must not count as unhandled.
  ended.promise.catch(() => undefined);
  return {
    info,
    meter: progressMeter(),
    ended,
    draw: undefined,
    startedAt: undefined,
    appearance: undefined,
  };
}

function list(lines: readonly Line[], stream: NodeJS.WriteStream) {
  const tasks = lines.map((line): ListrTask<unknown, typeof StderrRenderer> => ({
    // Without a title listr2 draws nothing: a step appears when it starts.
    task: (_context, task) => {
      line.draw = (title) => (task.title = title);
      if (line.startedAt !== undefined && line.appearance === undefined) line.draw(line.info.title);
      return line.ended.promise;
    },
  }));
  return new Listr(tasks, {
    concurrent: true,
    exitOnError: false,
    collectErrors: false,
    registerSignalListeners: false,
    renderer: StderrRenderer,
    rendererOptions: {
      formatOutput: "truncate",
      collapseErrors: false,
      showErrorMessage: false,
      logger: new ListrLogger({ useIcons: true, processOutput: new ProcessOutput(stream, process.stdout) }),
    },
  });
}
