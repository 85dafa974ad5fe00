import type { ChildProcess } from "node:child_process";
import process from "node:process";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import type { CommandOptions, RunCommand } from "../contract/host.ts";
import { LocalkubeError } from "../contract/errors/localkube-error.ts";
import { childEnvironment } from "./child-environment.ts";

const defaultTimeoutMs = 60_000;
const outputLimitCharacters = 64 * 1024 * 1024;
const shownLines = 12;
/** Time for the last output of the program to arrive after it has ended. */
const lastOutputMs = 1000;

/** Runs host programs with execa, which is loaded on first use. CRLF in their output becomes LF. */
export const runCommand: RunCommand = async (argv, options = {}) => {
  const { execa } = await import("execa");
  const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
  const [program, ...args] = argv;
  options.signal?.throwIfAborted();
  const child = execa(program, args, {
    cwd: options.cwd ?? existingFolder(),
    ...endingOf(options, timeoutMs),
    ...standardInput(options),
    extendEnv: false,
    env: { ...childEnvironment(process.env), LANG: "C", LC_ALL: "C", ...options.env },
    all: true,
    forceKillAfterDelay: 2000,
    reject: false,
    maxBuffer: outputLimitCharacters,
    stripFinalNewline: false,
  });
  if (options.onLine) createInterface({ input: child.all }).on("line", options.onLine);
  const output = outputOf(child.nodeChildProcess);
  const settling = letSettle(child, timeoutMs, options);
  const ended = await child;
  settling.over();
  options.signal?.throwIfAborted();
  const result: typeof ended = settling.isLate() ? Object.assign(ended, { timedOut: true }) : ended;
  const stdout = normaliseLineEnds(result.stdout);
  const stderr = normaliseLineEnds(result.stderr);
  if (result.failed && !isTolerated(result, options, output.wasHeld))
    throw failure(argv, timeoutMs, result, stderr || stdout);
  return { exitCode: result.exitCode ?? 0, stdout, stderr };
};

/** The current folder may have been deleted by now; the programs we run do not depend on it. */
function existingFolder(): string {
  try {
    return process.cwd();
  } catch {
    return "/";
  }
}

/** A session of its own: a terminal sends Ctrl-C to its whole foreground group, and we may be gone before the program ends. */
const outOfReach = { detached: true, cleanup: false } as const;

/** How execa ends it; a program with `settleMs` or `cleanUpMs` is ended only by us. */
const endingOf = ({ signal, settleMs, cleanUpMs }: CommandOptions, timeoutMs: number) => {
  if (settleMs !== undefined || cleanUpMs !== undefined) return outOfReach;
  return { timeout: timeoutMs, ...(signal === undefined ? {} : { cancelSignal: signal }) };
};

/**
 * After the abort or the deadline, whichever came first: ends a child with `settleMs` only when it has not ended by itself in that time, and
 * a child with `cleanUpMs` at once, with its group, but by force only after that time.
 */
function letSettle(
  child: { readonly pid?: number | undefined; kill(signal: "SIGTERM"): boolean },
  timeoutMs: number,
  { settleMs, cleanUpMs, signal }: CommandOptions,
): { isLate(): boolean; over(): void } {
  let force: NodeJS.Timeout | undefined;
  let wasEnded = false;
  if (settleMs === undefined && cleanUpMs === undefined)
    return { isLate: () => false, over: () => undefined };
  const endGroup = (by: "SIGTERM" | "SIGKILL"): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, by);
    } catch {
      // it has ended
    }
  };
  const begin = (): void => {
    if (force) return;
    if (cleanUpMs === undefined) {
      force = setTimeout(() => (wasEnded = child.kill("SIGTERM")), settleMs);
      return;
    }
    wasEnded = true;
    endGroup("SIGTERM");
    force = setTimeout(() => endGroup("SIGKILL"), cleanUpMs);
  };
  const onExit = (): void => endGroup("SIGTERM");
  if (cleanUpMs !== undefined) process.on("exit", onExit);
  const deadline = setTimeout(begin, timeoutMs);
  signal?.addEventListener("abort", begin, { once: true });
  return {
    isLate: () => wasEnded,
    over() {
      clearTimeout(deadline);
      clearTimeout(force);
      process.off("exit", onExit);
      signal?.removeEventListener("abort", begin);
    },
  };
}

const isTolerated = (
  { exitCode, timedOut }: Failure,
  { allowFailure = false }: CommandOptions,
  outputWasHeld: boolean,
): boolean => exitCode !== undefined && !timedOut && (allowFailure || (outputWasHeld && exitCode === 0));

/** A service that the program left behind, or a child that survived its forced end, may hold the output open forever: stop reading it. */
function outputOf(child: ChildProcess): { readonly wasHeld: boolean } {
  const output = { wasHeld: false };
  child.once("exit", () => {
    const letGo = setTimeout(() => {
      output.wasHeld = true;
      child.stdout?.destroy();
      child.stderr?.destroy();
    }, lastOutputMs);
    child.once("close", () => clearTimeout(letGo));
  });
  return output;
}

function failure(
  argv: readonly string[],
  timeoutMs: number,
  result: Failure,
  output: string,
): LocalkubeError {
  const command = shellQuote(argv);
  if (result.timedOut)
    return new LocalkubeError("HOST_COMMAND_TIMEOUT", { command, seconds: timeoutMs / 1000 });
  if (result.code === "ENOENT")
    return new LocalkubeError("HOST_COMMAND_NOT_FOUND", { program: argv[0] ?? "" });
  const exitCode = result.exitCode ?? result.signal ?? "none";
  return new LocalkubeError(
    "HOST_COMMAND_FAILED",
    { command, exitCode },
    { output: lastLines(output, shownLines) },
  );
}

/** The end of a program's output, for an error. */
export const lastLines = (text: string, count: number): string =>
  text.trimEnd().split("\n").slice(-count).join("\n");

/** A command line that can be pasted into a POSIX shell. */
export function shellQuote(argv: readonly string[]): string {
  return argv
    .map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`))
    .join(" ");
}

interface Failure {
  readonly timedOut: boolean;
  readonly code?: string | undefined;
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
}

function standardInput({ stdin }: CommandOptions) {
  if (stdin === undefined) return { stdin: "ignore" as const };
  if (typeof stdin === "string" || stdin instanceof Uint8Array) return { input: stdin };
  return { input: stdin as Readable };
}

const normaliseLineEnds = (text: string | undefined): string => (text ?? "").replaceAll("\r\n", "\n");
