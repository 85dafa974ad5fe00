import { mkdir, rm, utimes } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { withFileLock } from "../../../src/artifacts/file-lock.ts";
import { temporaryFolder } from "./test-context.ts";

const { signal } = new AbortController();

test("only one works at a time, and the lock goes with the work, also when it fails", async () => {
  const file = join(await temporaryFolder(), "deep/er/file");
  let inside = 0;
  let most = 0;
  const work = async () => {
    most = Math.max(most, ++inside);
    await sleep(50);
    inside -= 1;
    throw new Error("failed");
  };
  const runs = [1, 2, 3].map(() => withFileLock(file, { signal, waitMs: 10_000 }, work));
  for (const result of await Promise.allSettled(runs)) expect(result.status).toBe("rejected");
  expect(most).toBe(1);
  await withFileLock(file, { signal, waitMs: 0 }, () => Promise.resolve());
});

test("a lock that stays taken is told after the wait", async () => {
  const file = join(await temporaryFolder(), "file");
  await mkdir(`${file}.lock`);
  let waits = 0;
  const options = { signal, waitMs: 300, onWait: () => (waits += 1) };
  await expect(withFileLock(file, options, () => Promise.resolve())).rejects.toMatchObject({
    id: "ARTIFACT_LOCK_TIMEOUT",
    params: { path: file, seconds: 0.3 },
  });
  expect(waits).toBe(1);
});

test("work whose lock was taken away is ended by its signal", { timeout: 20_000 }, async () => {
  const file = join(await temporaryFolder(), "file");
  const work = async (own: AbortSignal) => {
    await rm(`${file}.lock`, { recursive: true });
    await mkdir(`${file}.lock`); // another process thinks that we died
    await utimes(`${file}.lock`, new Date(0), new Date(0));
    await sleep(15_000, undefined, { signal: own });
  };
  await expect(withFileLock(file, { signal, waitMs: 0 }, work)).rejects.toThrow(/abort/i);
});
