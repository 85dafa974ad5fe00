import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { HostContext, Progress, RunContext } from "../../../src/contract/host.ts";
import { hostContext } from "../../../src/host/host-context.ts";

export interface TestRun {
  readonly c: RunContext;
  readonly folder: string;
  readonly controller: AbortController;
  readonly reports: Progress[];
}

/** A context over the real host with a cache of its own, which goes with the test. */
export async function tempContext(change: Partial<HostContext> = {}): Promise<TestRun> {
  const folder = await mkdtemp(join(tmpdir(), "localkube-debian-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const controller = new AbortController();
  const reports: Progress[] = [];
  const host = { ...hostContext(), cacheDir: folder, ...change };
  const report = (progress: Progress) => void reports.push(progress);
  return {
    c: { host, signal: controller.signal, report, log: () => undefined },
    folder,
    controller,
    reports,
  };
}
