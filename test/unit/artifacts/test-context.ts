import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import type { Progress, RunContext } from "../../../src/contract/host.ts";
import { runCommand } from "../../../src/host/run-command.ts";

export interface TestContext extends RunContext {
  readonly lines: string[];
  readonly progress: Progress[];
}

/** A host whose cache is a temporary folder, and whose environment is what the test says and nothing else. */
export function testContext(
  folder: string,
  options: { readonly env?: Record<string, string>; readonly signal?: AbortSignal } = {},
): TestContext {
  const lines: string[] = [];
  const progress: Progress[] = [];
  return {
    host: {
      run: runCommand,
      env: options.env ?? {},
      platform: "linux",
      arch: "amd64",
      isRoot: false,
      stateDir: join(folder, "state"),
      cacheDir: join(folder, "cache"),
    },
    signal: options.signal ?? new AbortController().signal,
    report: (one) => void progress.push(one),
    log: (line) => void lines.push(line),
    lines,
    progress,
  };
}

/** Removed when the test ends. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "localkube-artifacts-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export async function put(file: string, content: string | Uint8Array): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content);
}

export const sha256 = (content: string | Uint8Array): string =>
  createHash("sha256").update(content).digest("hex");

export const sha512 = (content: string | Uint8Array): string =>
  createHash("sha512").update(content).digest("hex");

/** Fast retries, so that failures are seen within a test's time. */
export const hasty = { attempts: 3, backoffMs: 10, stallMs: 10_000, retryAfterMs: 50 };
