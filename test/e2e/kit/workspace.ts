import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export const launcher = join(dirname(fileURLToPath(import.meta.url)), "../../../bin/localkube");

export interface Ran {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CloudEvent {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface RunOptions {
  readonly timeoutMs?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Called for each event of a run with `--output json`; `kill` ends the process with SIGKILL. */
  readonly onEvent?: (event: CloudEvent, kill: (signal: NodeJS.Signals) => void) => void;
  readonly stdin?: string;
}

/** A profile of this run alone: machines are named on the whole host, and two runs of the tests may share one. */
export const profileOfRun = (name: string): string => `${name}-${process.pid}`;

/** A user of the built program: state and kubeconfig in a folder of its own, the machine's cache shared. */
export interface Workspace {
  readonly home: string;
  readonly kubeconfig: string;
  readonly env: Readonly<Record<string, string>>;
  run(args: readonly string[], options?: RunOptions): Promise<Ran>;
  /** As `run`, but rejects with all output when the exit code is not 0. */
  ok(args: readonly string[], options?: RunOptions): Promise<Ran>;
  /** Deletes every cluster that is left, then the folder. */
  dispose(): Promise<void>;
}

/** For a workspace whose clusters have the default addons, as those of users do. */
export const withDefaultAddons = { LOCALKUBE_ADDONS: "" };

/** `more` is added to the environment of every command. Clusters have no addons unless a test asks for them, to save time. */
export async function workspace(more: Readonly<Record<string, string>> = {}): Promise<Workspace> {
  const home = await mkdtemp(join(tmpdir(), "localkube-e2e-"));
  const kubeconfig = join(home, "kubeconfig");
  const env = {
    PATH: process.env["PATH"] ?? "",
    HOME: home,
    LOCALKUBE_HOME: join(home, "state"),
    XDG_CACHE_HOME: process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"),
    KUBECONFIG: kubeconfig,
    NO_COLOR: "1",
    LOCALKUBE_ADDONS: "none",
    ...more,
  };
  const run: Workspace["run"] = (args, options) =>
    runProgram([launcher, ...args], { ...options, env: { ...env, ...options?.env } });
  return {
    home,
    kubeconfig,
    env,
    run,
    async ok(args, options) {
      const ran = await run(args, options);
      if (ran.exitCode !== 0)
        throw new Error(
          `localkube ${args.join(" ")} ended with ${ran.exitCode ?? ran.signal}\n${ran.stdout}\n${ran.stderr}`,
        );
      return ran;
    },
    async dispose() {
      await run(["delete", "--all"]);
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** Runs a program to its end; never rejects for its exit code. */
export function runProgram(argv: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const [program = "", ...args] = argv;
  const env = options.env ?? (process.env as Record<string, string>);
  const child = spawn(program, args, { env, stdio: ["pipe", "pipe", "pipe"] });
  const deadline = setTimeout(() => child.kill("SIGKILL"), options.timeoutMs ?? 300_000);
  let stdout = "";
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  const { onEvent } = options;
  if (onEvent) {
    createInterface({ input: child.stdout }).on("line", (line) =>
      onEvent(JSON.parse(line) as CloudEvent, (signal) => child.kill(signal)),
    );
  }
  // A program that does not read its input closes the pipe; that is no failure of the test.
  child.stdin.on("error", () => undefined);
  child.stdin.end(options.stdin ?? "");
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (exitCode, signal) => {
      clearTimeout(deadline);
      resolve({ exitCode, signal, stdout, stderr });
    });
  });
}
