import { appendFileSync, writeFileSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { LocalkubeError } from "../../../src/contract/errors/localkube-error.ts";
import { unlessDiskFull, writing } from "../../../src/contract/errors/system-failure.ts";
import { describeError } from "../../../src/output/describe-error.ts";
import { journal } from "../../../src/pipeline/journal.ts";
import { runJobs } from "../../../src/pipeline/run-jobs.ts";

const failed = (code: string, rest: object = {}): Error =>
  Object.assign(new Error(`${code}: said by the system`), { code, ...rest });

const caught = (work: () => unknown): unknown => {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
};

test.each([
  ["ENOSPC", "NO_SPACE_LEFT", 73],
  ["EDQUOT", "NO_SPACE_LEFT", 73],
  ["EROFS", "FILE_SYSTEM_READ_ONLY", 73],
  ["EMFILE", "TOO_MANY_OPEN_FILES", 69],
  ["ENFILE", "TOO_MANY_OPEN_FILES", 69],
  ["EACCES", "FILE_NOT_PERMITTED", 77],
  ["EPERM", "FILE_NOT_PERMITTED", 77],
  ["ENOTDIR", "FILE_UNUSABLE", 74],
  ["EIO", "FILE_UNUSABLE", 74],
])("%s of a file is %s and no bug", (code, id, exitCode) => {
  const report = describeError(failed(code, { path: "/some/file", syscall: "open" }));
  expect(report).toMatchObject({ id, exitCode });
  expect(report.message).toContain("/some/file");
  expect(report.stack).toBeUndefined();
});

test("a real full device is told with the file that was written", () => {
  const error = caught(() => writing("/dev/full", () => appendFileSync("/dev/full", "x")));
  expect(describeError(error)).toMatchObject({
    id: "NO_SPACE_LEFT",
    message: "No space is left for /dev/full",
  });
  expect(describeError(caught(() => writeFileSync("/dev/full", "x"))).id).toBe("NO_SPACE_LEFT");
});

test("a full disk under an error of ours wins over its advice, and keeps step and file", () => {
  const cause = new Error("around", { cause: failed("ENOSPC") });
  const error = new LocalkubeError("STATE_UNWRITABLE", { file: "/f", folder: "/", problem: "p" }, { cause });
  error.step = "kubeconfig";
  expect(describeError(error)).toMatchObject({
    id: "NO_SPACE_LEFT",
    message: "No space is left for /f",
    step: "kubeconfig",
  });
});

test("an error of ours that already names the full disk stays", () => {
  const error = new LocalkubeError("ARTIFACT_NO_SPACE", { folder: "/cache" }, { cause: failed("ENOSPC") });
  expect(describeError(error).id).toBe("ARTIFACT_NO_SPACE");
});

test("rights under an error of ours stay its own matter, and an unknown failure stays a bug", () => {
  const own = new LocalkubeError(
    "STATE_UNWRITABLE",
    { file: "/f", folder: "/", problem: "p" },
    { cause: failed("EACCES", { path: "/f" }) },
  );
  expect(describeError(own).id).toBe("STATE_UNWRITABLE");
  expect(describeError(failed("ENOENT", { path: "/f" })).id).toBe("BUG");
  expect(describeError(failed("EACCES")).id).toBe("BUG");
});

test("a deleted working folder has its own words", () => {
  expect(describeError(failed("ENOENT", { syscall: "uv_cwd" })).id).toBe("WORKING_FOLDER_GONE");
});

test("a missing folder that could be made is no read-only file system", async () => {
  const folder = await mkdtemp(join(tmpdir(), "localkube-failure-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const error: unknown = await mkdir(join(folder, "a/b")).catch((problem: unknown) => problem);
  expect(describeError(error).id).toBe("BUG");
});

test("a journal on a full disk fails the run with the journal's name", async () => {
  const report = journal("/dev/full");
  const run = runJobs(
    [{ id: "one", title: "One", after: [], timeoutMs: 1000, apply: () => Promise.resolve() }],
    {
      command: "start",
      profile: "p",
      host: {} as never,
      signal: new AbortController().signal,
      emit: report,
      log: () => undefined,
    },
  );
  expect(describeError(await run.catch((error: unknown) => error))).toMatchObject({
    id: "NO_SPACE_LEFT",
    message: "No space is left for /dev/full",
  });
});

test("a step's system failure carries the step", async () => {
  const run = runJobs(
    [
      {
        id: "one",
        title: "One",
        after: [],
        timeoutMs: 1000,
        apply: () => Promise.reject(failed("EMFILE", { path: "/f" })),
      },
    ],
    {
      command: "start",
      profile: "p",
      host: {} as never,
      signal: new AbortController().signal,
      emit: () => undefined,
      log: () => undefined,
    },
  );
  expect(describeError(await run.catch((error: unknown) => error))).toMatchObject({
    id: "TOO_MANY_OPEN_FILES",
    step: "one",
  });
});

test("only a full disk is passed over", () => {
  expect(unlessDiskFull(failed("ENOSPC"))).toBeUndefined();
  expect(() => unlessDiskFull(failed("EACCES", { path: "/f" }))).toThrow("EACCES");
});
