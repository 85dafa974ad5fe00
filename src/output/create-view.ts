import type { View } from "../pipeline/events.ts";
import { jsonView } from "./json-view.ts";
import type { OutputForm } from "./output-form.ts";
import { plainView } from "./plain-view.ts";

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
