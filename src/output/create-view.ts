import type { PipelineEvent, View } from "../pipeline/events.ts";
import { cloudEvent } from "./cloud-event.ts";
import { describeError } from "./describe-error.ts";
import type { OutputForm } from "./output-form.ts";
import { plainView } from "./plain-view.ts";
import { throttled } from "./throttled.ts";

export interface ViewOptions {
  readonly output: OutputForm;
  /** Standard error is a terminal on which lines can be redrawn. */
  readonly isTTY: boolean;
  readonly verbose: boolean;
  readonly stderr: NodeJS.WriteStream;
  readonly stdout: NodeJS.WritableStream;
}

/** Below this width a drawn list has one word per line (some pseudo-terminals report 0 columns). */
const leastColumns = 20;

/** Selects the view: CloudEvents on standard output, a drawn list on a terminal, else plain lines. */
export async function createView(options: ViewOptions): Promise<View> {
  const { output, isTTY, verbose, stderr, stdout } = options;
  if (output === "json") return jsonView(stdout);
  // The log lines of a verbose run would be lost between lines that are redrawn.
  if (!isTTY || verbose || (stderr.columns ?? 0) < leastColumns) return plainView(stderr, { verbose });
  const { listrView } = await import("./listr-view.ts");
  return listrView(stderr);
}

/** One CloudEvent per line; progress of a step at most five times a second. */
function jsonView(stdout: NodeJS.WritableStream): View {
  const mayReport = throttled(200);
  return {
    emit(event) {
      if (event.type === "step-progress" && !mayReport(event.id, event.at)) return;
      stdout.write(`${JSON.stringify(toCloudEvent(event))}\n`);
    },
    close: () => Promise.resolve(),
  };
}

function toCloudEvent(event: PipelineEvent) {
  const { type, at, ...data } = event;
  const told = event.type === "step-failed" ? { ...data, error: describeError(event.error) } : data;
  return cloudEvent(type.replaceAll("-", "."), told, at);
}
