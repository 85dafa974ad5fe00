import process from "node:process";
import { createInterface } from "node:readline/promises";
import { LocalkubeError } from "../contract/errors/localkube-error.ts";

const lost = new AbortController();
const outputErrors = new WeakSet<Error>();

/**
 * Aborted when standard output accepts nothing more: its reader exited (`| head -1`) or it cannot be written (a full disk). Work
 * that only produces output can stop then; `outputFailure` decides how the program ends.
 */
export const outputLost: AbortSignal = lost.signal;

/**
 * Handles errors of the standard streams; Node would otherwise end the program and print its own source on the screen.
 * When standard error cannot be written, its messages are lost, but the work continues.
 */
export function watchStreams(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    outputErrors.add(error);
    if (!outputLost.aborted) lost.abort(error);
  });
  process.stderr.on("error", () => undefined);
}

/** Whether an error is one of standard output, which `outputFailure` reports: the framework throws each of them again. */
export const isOutputError = (error: Error): boolean => outputErrors.has(error);

/** Resolves when everything written to both streams so far has been flushed, or can no longer be. */
export const flushStreams = async (): Promise<void> => {
  await Promise.all([flushed(process.stdout), flushed(process.stderr)]);
  // The streams report their errors one tick after the write.
  await new Promise((resolve) => setImmediate(resolve));
};

/**
 * Undefined while standard output works. `reader-left` is the normal end of a program in a pipe, which is not reported; otherwise
 * OUTPUT_UNWRITABLE, to be reported on standard error.
 */
export function outputFailure(): "reader-left" | LocalkubeError | undefined {
  if (!outputLost.aborted) return undefined;
  const error = outputLost.reason as NodeJS.ErrnoException;
  // EIO: the terminal is gone.
  if (error.code === "EPIPE" || error.code === "EIO") return "reader-left";
  return new LocalkubeError("OUTPUT_UNWRITABLE", { problem: error.message }, { cause: error });
}

/**
 * Node's own warnings (a NODE_EXTRA_CA_CERTS file that cannot be read, a deprecation in a library) do not help users of localkube
 * in the form in which Node prints them; `--verbose` shows them as log lines of ours.
 */
export function watchWarnings(isVerbose: boolean): void {
  process.removeAllListeners("warning");
  process.on("warning", ({ message }) => {
    if (isVerbose) process.stderr.write(`warning: ${message.split("\n", 1)[0]}\n`);
  });
}

const flushed = (stream: NodeJS.WriteStream): Promise<void> =>
  new Promise((resolve) => (stream.writable ? stream.write("", () => resolve()) : resolve()));

/** Asks on the terminal. Without a terminal the answer is no, unless `yes` was given. */
export async function confirm(question: string, yes: boolean, signal: AbortSignal): Promise<boolean> {
  if (yes) {
    process.stderr.write(`${question} yes (--yes)\n`);
    return true;
  }
  if (!process.stdin.isTTY || !process.stderr.isTTY) return false;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `, { signal })).trim());
  } finally {
    terminal.close();
  }
}
