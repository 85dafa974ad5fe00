import type { WriteStream } from "node:fs";
import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { finished } from "node:stream/promises";
import { dirname } from "node:path";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { CommandResult, Progress, RunContext } from "../../contract/host.ts";
import type { Argv } from "./namespace.ts";
import type { DebianPaths } from "./paths.ts";
import type { Arch } from "./recipe.ts";

/** What is built and of what, as messages say it: Kubernetes from Debian's source. */
export interface BuildProduct {
  readonly subject: string;
  readonly material: "source" | "packages";
}

export const kubernetesProduct: BuildProduct = { subject: "Kubernetes", material: "source" };

/** What the phases of every build share. */
export interface PhaseJob {
  readonly c: RunContext;
  readonly product: BuildProduct;
  /** Of `log`. */
  readonly logFile: string;
  readonly log: WriteStream;
}

/** A build of Kubernetes in progress. */
export interface BuildJob extends PhaseJob {
  readonly paths: DebianPaths;
  readonly key: string;
  readonly arch: Arch;
}

export interface Phase {
  /** What the user sees: "Debian root". */
  readonly title: string;
  readonly argv: Argv;
  readonly timeoutMs: number;
  /** Turns an output line into something to show; undefined shows nothing new. */
  readonly progress?: (line: string) => Progress | undefined;
  /** A better error for this output, if the phase knows one. */
  readonly explain?: (output: string, cause: unknown) => LocalkubeError | undefined;
}

const keptLines = 400;
const shownLines = 12;

/** Opens the log file, which records all builds of that key, while `work` runs. */
export async function withBuildLog<T>(file: string, work: (log: WriteStream) => Promise<T>): Promise<T> {
  await mkdir(dirname(file), { recursive: true });
  const log = createWriteStream(file, { flags: "a" });
  // A log that cannot be written must neither end the build nor hide its own error.
  log.on("error", () => undefined);
  try {
    return await work(log);
  } finally {
    log.end();
    await finished(log).catch(() => undefined);
  }
}

/** Runs one program of the build: output to the log, progress to the views, failures as DEBIAN_BUILD_FAILED with the last lines. */
export async function runPhase(job: PhaseJob, phase: Phase): Promise<CommandResult> {
  const { c, log } = job;
  const started = performance.now();
  const output: string[] = [];
  log.write(`== ${new Date().toISOString()} ${phase.title}\n`);
  c.report({ message: phase.title });
  const onLine = (line: string) => {
    log.write(`${line}\n`);
    c.log(line);
    output.push(line);
    if (output.length > keptLines) output.shift();
    const progress = phase.progress?.(line);
    if (!progress) return;
    const detail = progress.message ? `: ${progress.message}` : "";
    c.report({
      ...progress,
      message: `${phase.title}${detail} (${elapsed(started)})`,
    });
  };
  try {
    return await c.host.run(phase.argv, {
      signal: c.signal,
      timeoutMs: phase.timeoutMs,
      onLine,
    });
  } catch (cause) {
    c.signal.throwIfAborted();
    const explained = phase.explain?.(output.join("\n"), cause);
    if (explained) throw explained;
    throw buildFailed(job, phase.title, output.slice(-shownLines).join("\n"), cause);
  }
}

/** DEBIAN_BUILD_FAILED for a phase, with what is shown of its output. Pure. */
export const buildFailed = (
  { product, logFile }: Pick<PhaseJob, "product" | "logFile">,
  phase: string,
  output: string,
  cause?: unknown,
): LocalkubeError =>
  new LocalkubeError("DEBIAN_BUILD_FAILED", { ...product, phase, log: logFile }, { cause, output });

function elapsed(started: number): string {
  const seconds = Math.round((performance.now() - started) / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
