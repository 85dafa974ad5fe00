import type { View } from "../pipeline/events.ts";
import { jsonView } from "./json-view.ts";
import type { OutputForm } from "./output-form.ts";
import { plainView } from "./plain-view.ts";

export interface ViewOptions {
  readonly output: OutputForm;
  /** Standard error is a terminal on which lines may be drawn again. */
  readonly isTTY: boolean;
  readonly verbose: boolean;
  readonly stderr: NodeJS.WriteStream;
  readonly stdout: NodeJS.WritableStream;
}

/** Below this a drawn list has one word a line (some pseudo-terminals say 0 columns). */
const leastColumns = 20;

/** The view that fits: CloudEvents on standard output, a drawn list on a terminal, else plain lines. */
export async function createView(options: ViewOptions): Promise<View> {
  const { output, isTTY, verbose, stderr, stdout } = options;
  if (output === "json") return jsonView(stdout);
  // What a verbose run logs would be lost between lines that are drawn again and again.
  if (!isTTY || verbose || (stderr.columns ?? 0) < leastColumns) return plainView(stderr, { verbose });
  const { listrView } = await import("./listr-view.ts");
  return listrView(stderr);
}
