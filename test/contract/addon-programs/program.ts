import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import { ownProgram, type Unavailable } from "../own-program.ts";

const buildMs = 3_600_000;

export interface Running {
  /** What it has printed. */
  output(): string;
  kill(): Promise<void>;
  /** Asks it to end, and waits. */
  end(): Promise<void>;
}

export interface ProgramSuite {
  /** Of the test that runs; removed after it. */
  readonly folder: string;
  /** Starts a subcommand; it is killed after the test. */
  start(args: readonly string[], env?: Readonly<Record<string, string>>): Running;
  /** A kubeconfig for an API at `url`; the authority is the one by which servers are verified. */
  kubeconfig(url: string, authority?: string): Promise<string>;
}

/** Gets the programs before the first test of a file; where they cannot be built all tests are skipped with the reason, in CI they fail. */
export function programSuite(): ProgramSuite {
  let unpacked: string;
  let binary: string | Unavailable;
  let folder = "";
  const children = new Set<ChildProcess>();
  beforeAll(async () => {
    unpacked = await mkdtemp(join(tmpdir(), "localkube-addon-programs-"));
    binary = await ownProgram("addon-programs", unpacked, AbortSignal.timeout(buildMs));
  }, buildMs);
  afterAll(() => rm(unpacked, { recursive: true, force: true }));
  beforeEach(async (test) => {
    if (typeof binary !== "string") test.skip(binary.reason);
    folder = await mkdtemp(join(tmpdir(), "localkube-addon-"));
  });
  afterEach(async () => {
    await Promise.all([...children].map((child) => killed(child)));
    children.clear();
    await rm(folder, { recursive: true, force: true });
  });
  return {
    get folder() {
      return folder;
    },
    start(args, env = {}) {
      const child = spawn(binary as string, [...args], { env, stdio: ["ignore", "pipe", "pipe"] });
      children.add(child);
      let output = "";
      child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
      child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
      return { output: () => output, kill: () => killed(child), end: () => killed(child, "SIGTERM") };
    },
    async kubeconfig(url, authority = "") {
      const file = join(folder, "kubeconfig");
      const cluster = {
        server: url,
        "certificate-authority-data": Buffer.from(authority).toString("base64"),
      };
      const content = {
        apiVersion: "v1",
        kind: "Config",
        "current-context": "test",
        clusters: [{ name: "test", cluster }],
        users: [{ name: "test", user: { token: "token-of-the-account" } }],
        contexts: [{ name: "test", context: { cluster: "test", user: "test" } }],
      };
      await writeFile(file, JSON.stringify(content));
      return file;
    },
  };
}

async function killed(child: ChildProcess, signal: "SIGKILL" | "SIGTERM" = "SIGKILL"): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill(signal);
  await exit;
}

/** Waits until `condition` gives something; throws an error with `what` and the output of the program after 15 s. */
export async function until<T>(
  condition: () => Promise<T | undefined | false> | T | undefined | false,
  what: string,
  program?: Running,
): Promise<T> {
  const deadline = performance.now() + 15_000;
  for (;;) {
    const found = await condition();
    if (found) return found;
    if (performance.now() > deadline) throw new Error(`${what} did not happen:\n${program?.output() ?? ""}`);
    await sleep(25);
  }
}
