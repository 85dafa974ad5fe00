import process from "node:process";
import { LocalkubeError } from "../contract/errors/localkube-error.ts";

const lost = new AbortController();
const outputErrors = new WeakSet<Error>();

/**
 * Aborted when standard output takes nothing more: its reader left (`| head -1`) or it cannot be written (a full disk). Whatever
 * works for that output can stop; how it ends is for `outputFailure` to say.
 */
export const outputLost: AbortSignal = lost.signal;

/**
 * Takes over the errors of the standard streams, which Node would otherwise end the program for with its own source on the screen.
 * Standard error that cannot be written costs what would be said there, never the work.
 */
export function watchStreams(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    outputErrors.add(error);
    if (!outputLost.aborted) lost.abort(error);
  });
  process.stderr.on("error", () => undefined);
}

/** Whether an error is one of standard output, which `outputFailure` tells of: the framework throws each once more. */
export const isOutputError = (error: Error): boolean => outputErrors.has(error);

/** What is written to both streams so far is out, or cannot be any more. */
export const flushStreams = async (): Promise<void> => {
  await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
  // The streams tell of their errors a tick after the write.
  await new Promise((resolve) => setImmediate(resolve));
};

/**
 * Undefined while standard output works. `reader-left` is the end of a program in a pipe, of which nothing is said; otherwise
 * OUTPUT_UNWRITABLE, to be told on standard error.
 */
export function outputFailure(): "reader-left" | LocalkubeError | undefined {
  if (!outputLost.aborted) return undefined;
  const error = outputLost.reason as NodeJS.ErrnoException;
  // EIO: the terminal is gone.
  if (error.code === "EPIPE" || error.code === "EIO") return "reader-left";
  return new LocalkubeError("OUTPUT_UNWRITABLE", { problem: error.message }, { cause: error });
}

/**
 * Node's own warnings (a NODE_EXTRA_CA_CERTS that cannot be read, something deprecated in a library) say nothing that a user of localkube
 * could act on in the form they come in; `--verbose` shows them as lines of ours.
 */
export function watchWarnings(isVerbose: boolean): void {
  process.removeAllListeners("warning");
  process.on("warning", ({ message }) => {
    if (isVerbose) process.stderr.write(`warning: ${message.split("\n", 1)[0]}\n`);
  });
}

const flushed = (stream: NodeJS.WriteStream): Promise<void> =>
  new Promise((resolve) => (stream.writable ? stream.write("", () => resolve()) : resolve()));
