import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

export const projectRoot = join(dirname(fileURLToPath(import.meta.url)), "../..");
const launcher = join(projectRoot, "bin/localkube");

export interface Ran {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A home folder of its own for one test; removed after it. */
export async function temporaryHome(): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), "localkube-cli-"));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  return home;
}

/** The environment of a user who has set nothing: state and cache in `home`, no colours, 80 columns. */
export function cleanEnvironment(home: string): Record<string, string> {
  return {
    PATH: process.env["PATH"] ?? "",
    HOME: home,
    LOCALKUBE_HOME: join(home, "state"),
    XDG_CACHE_HOME: join(home, "cache"),
    NO_COLOR: "1",
    TERM: "dumb",
    COLUMNS: "80",
  };
}

/** Runs any program to its end. */
export async function run(
  program: string,
  args: readonly string[],
  env: Record<string, string>,
  cwd?: string,
): Promise<Ran> {
  const child = spawn(program, args, {
    env,
    ...(cwd === undefined ? {} : { cwd }),
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 20_000,
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (exitCode) => resolve({ exitCode, stdout, stderr }));
  });
}

/** Runs the built program as a user does. */
export function localkube(
  home: string,
  args: readonly string[],
  env: Record<string, string> = {},
  cwd?: string,
): Promise<Ran> {
  return run(process.execPath, [launcher, ...args], { ...cleanEnvironment(home), ...env }, cwd);
}
