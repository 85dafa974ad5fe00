import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { withArtifactLock } from "../../../src/artifacts/artifact-store.ts";
import { isLocked, withLock } from "../../../src/host/lock.ts";

const { signal } = new AbortController();
const busy = () => new Error("busy");
const soon = { waitMs: 10_000, pollMs: 20, busy };

let folder: string;
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), "localkube-lock-"))));
afterEach(() => rm(folder, { recursive: true, force: true }));

test("only one works at a time, and the lock goes with the work, also when it fails", async () => {
  const lock = join(folder, "deep/er/file.lock");
  let inside = 0;
  let most = 0;
  const work = async () => {
    most = Math.max(most, ++inside);
    await sleep(50);
    inside -= 1;
    throw new Error("failed");
  };
  const runs = [1, 2, 3].map(() => withLock(lock, soon, work));
  for (const result of await Promise.allSettled(runs))
    expect(result).toMatchObject({ status: "rejected", reason: { message: "failed" } });
  expect(most).toBe(1);
  await withLock(lock, { ...soon, waitMs: 0 }, () => Promise.resolve());
});

test("a lock that stays taken ends the wait, and each failed attempt is reported", async () => {
  const lock = join(folder, "lock");
  await mkdir(lock);
  const waits: number[] = [];
  const options = { ...soon, waitMs: 100, onWait: (before: number) => void waits.push(before) };
  await expect(withLock(lock, options, () => Promise.resolve())).rejects.toThrow("busy");
  expect(waits.length).toBeGreaterThan(2);
  expect(waits).toEqual(waits.map((_, index) => index));
  expect(await isLocked(lock)).toBe(true);
});

test("an interrupted wait ends with the reason of the interruption", async () => {
  const lock = join(folder, "lock");
  await mkdir(lock);
  const interrupt = new AbortController();
  const waiting = withLock(lock, { ...soon, pollMs: 5000, signal: interrupt.signal }, () =>
    Promise.resolve(),
  );
  setTimeout(() => interrupt.abort(new Error("interrupted")), 50);
  await expect(waiting).rejects.toThrow("interrupted");
});

test(
  "the lock of a killed process is taken over when its heartbeat is too old",
  { timeout: 20_000 },
  async () => {
    const lock = join(folder, "lock");
    const holder = join(folder, "holder.ts");
    const module = new URL("../../../src/host/lock.ts", import.meta.url).href;
    await writeFile(
      holder,
      `import { tryLock } from ${JSON.stringify(module)};
     await tryLock(${JSON.stringify(lock)}, { staleMs: 3000, heartbeatMs: 500 }, () => process.exit(1));
     console.log("held");
     setInterval(() => {}, 1000);`,
    );
    const child = spawn(process.execPath, [holder], { stdio: ["ignore", "pipe", "inherit"] });
    const ended = once(child, "exit");
    try {
      await once(child.stdout, "data");
      const options = { ...soon, staleMs: 3000 };
      // Its heartbeat keeps it for longer than that.
      await expect(withLock(lock, { ...options, waitMs: 3500 }, () => Promise.resolve())).rejects.toThrow(
        "busy",
      );
      child.kill("SIGKILL");
      await ended;
      expect(await withLock(lock, { ...options, waitMs: 6000 }, () => Promise.resolve("taken over"))).toBe(
        "taken over",
      );
    } finally {
      child.kill("SIGKILL");
    }
  },
);

test("work whose lock was taken away is ended by its signal", { timeout: 20_000 }, async () => {
  const lock = join(folder, "lock");
  const work = async (own: AbortSignal) => {
    await rm(lock, { recursive: true });
    await mkdir(lock); // another process thinks that we died
    await utimes(lock, new Date(0), new Date(0));
    await sleep(15_000, undefined, { signal: own }).catch(() => own.throwIfAborted());
  };
  const lost = () => new Error("lost");
  await expect(withLock(lock, { ...soon, lost }, work)).rejects.toThrow("lost");
});

test("the lock of an artifact is beside it, and its wait is reported once", async () => {
  const file = join(folder, "file");
  await mkdir(`${file}.lock`);
  let waits = 0;
  const options = { signal, waitMs: 500, onWait: () => (waits += 1) };
  await expect(withArtifactLock(file, options, () => Promise.resolve())).rejects.toMatchObject({
    id: "ARTIFACT_LOCK_TIMEOUT",
    params: { path: file, seconds: 0.5 },
  });
  expect(waits).toBe(1);
});
