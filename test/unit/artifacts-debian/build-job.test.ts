import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  kubernetesProduct,
  runPhase,
  withBuildLog,
  type Phase,
} from "../../../src/artifacts/debian/build-job.ts";
import { debianPaths } from "../../../src/artifacts/debian/paths.ts";
import { LocalkubeError } from "../../../src/contract/errors/localkube-error.ts";
import { tempContext, type TestRun } from "./temp-context.ts";

const key = "0123456789-abcdef0123";

async function run({ c, folder }: TestRun, script: string, more: Partial<Phase> = {}): Promise<string> {
  const paths = debianPaths(folder, key, "amd64");
  const phase: Phase = { title: "Some phase", argv: ["sh", "-c", script], timeoutMs: 20_000, ...more };
  await withBuildLog(paths.log, (log) =>
    runPhase({ c, product: kubernetesProduct, logFile: paths.log, log }, phase),
  );
  return readFile(paths.log, "utf8");
}

describe("runPhase", () => {
  it("logs all output and reports what the phase understands of it", async () => {
    const test = await tempContext();
    const progress = (line: string) =>
      line.startsWith("step") ? { message: line, done: 1, total: 2 } : undefined;
    const log = await run(test, "echo step one; echo noise >&2", { progress });
    expect(log).toMatch(/^== \S+ Some phase\n/);
    expect(log).toContain("step one\n");
    expect(log).toContain("noise\n");
    expect(test.reports).toEqual([
      { message: "Some phase" },
      { message: expect.stringMatching(/^Some phase: step one \(\d+ s\)$/) as string, done: 1, total: 2 },
    ]);
  });

  it("fails with the last lines and the path of the log", async () => {
    const test = await tempContext();
    const failure: unknown = await run(test, "seq 1 50; echo broken >&2; exit 3").catch(
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(LocalkubeError);
    expect(failure).toMatchObject({
      id: "DEBIAN_BUILD_FAILED",
      params: { phase: "Some phase", log: join(test.folder, "build", `${key}-amd64.log`) },
    });
    const lines = (failure as LocalkubeError).output?.split("\n");
    expect(lines).toHaveLength(12);
    expect(lines).toContain("broken");
  });

  it("lets the phase explain its failure", async () => {
    const test = await tempContext();
    const explain = (output: string) =>
      new LocalkubeError("DEBIAN_ARCHIVE_UNREACHABLE", { archive: "http://a", problem: output });
    await expect(run(test, "echo E: away; exit 1", { explain })).rejects.toMatchObject({
      id: "DEBIAN_ARCHIVE_UNREACHABLE",
      params: { problem: "E: away" },
    });
  });

  it("ends with the signal's reason, not as a failed build", async () => {
    const test = await tempContext();
    setTimeout(() => test.controller.abort(new Error("interrupted")), 200);
    await expect(run(test, "exec sleep 30")).rejects.toThrow("interrupted");
  });
});
