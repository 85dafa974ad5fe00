import { spawn } from "node:child_process";
import { constants } from "node:os";
import { LocalkubeError } from "../contract/errors/localkube-error.ts";
import { childEnvironment } from "./child-environment.ts";

export interface AttachedOptions {
  /** Ends the program (SIGTERM, after 10 s SIGKILL); the call still resolves with its exit code. */
  readonly signal: AbortSignal;
  /** The program's environment, without our own secrets; default: our own. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly stdin?: "inherit" | "ignore";
  readonly stdout?: "inherit" | "ignore";
  /** Collect standard error instead of showing it. */
  readonly keepStderr?: boolean;
}

export interface AttachedResult {
  /** 128 + number when a signal ended it, as shells report it. */
  readonly exitCode: number;
  /** Empty unless `keepStderr`. */
  readonly stderr: string;
}

const killAfterMs = 10_000;

/**
 * Runs a program on our own terminal, as if the user had called it: input, output and exit code are passed through unchanged. There is no
 * deadline: it may be an interactive shell. Rejects with HOST_COMMAND_NOT_FOUND; any other reason why it cannot be started
 * (EACCES) is Node's own error.
 */
export function runAttached(
  argv: readonly [string, ...string[]],
  { signal, env = process.env, stdin = "inherit", stdout = "inherit", keepStderr = false }: AttachedOptions,
): Promise<AttachedResult> {
  signal.throwIfAborted();
  const [program, ...args] = argv;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env: childEnvironment(env),
      stdio: [stdin, stdout, keepStderr ? "pipe" : "inherit"],
    });
    let stderr = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    let killing: NodeJS.Timeout | undefined;
    // A terminal's Ctrl-C reaches the child directly; a signal sent only to us does not.
    const end = (): void => {
      child.kill("SIGTERM");
      killing = setTimeout(() => child.kill("SIGKILL"), killAfterMs);
    };
    signal.addEventListener("abort", end, { once: true });
    const over = (): void => {
      clearTimeout(killing);
      signal.removeEventListener("abort", end);
    };
    child.once("error", (cause: NodeJS.ErrnoException) => {
      over();
      reject(cause.code === "ENOENT" ? new LocalkubeError("HOST_COMMAND_NOT_FOUND", { program }) : cause);
    });
    child.once("close", (code, endedBy) => {
      over();
      resolve({ exitCode: code ?? 128 + (endedBy === null ? 0 : constants.signals[endedBy]), stderr });
    });
  });
}
