import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { withProfileLock } from "../../../src/state/lock.ts";
import { currentHolder } from "../../../src/state/lock-holder.ts";
import { clusterPaths } from "../../../src/state/paths.ts";

let stateDir = "";
const children: ChildProcess[] = [];
const host = () => ({ stateDir, cacheDir: join(stateDir, "cache") });
const idle = new AbortController().signal;

beforeEach(async () => {
  stateDir = await mkdtemp(join(tmpdir(), "localkube-lock-"));
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  await rm(stateDir, { recursive: true, force: true });
});

async function otherProcess(name: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, [join(import.meta.dirname, "hold-lock.ts"), stateDir, name], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  await once(child.stdout, "data");
  return child;
}

test("writers of one profile work one after the other, and nothing is left", async () => {
  const order: string[] = [];
  const write = (label: string) =>
    withProfileLock(host(), "demo", { command: label, signal: idle }, async () => {
      order.push(`${label} begins`);
      await sleep(50);
      order.push(`${label} ends`);
    });
  await Promise.all([write("a"), write("b"), write("c")]);
  expect(order).toHaveLength(6);
  for (let i = 0; i < 6; i += 2) expect(order[i + 1]).toBe(order[i]?.replace("begins", "ends"));
  expect(await readdir(join(stateDir, "locks"))).toEqual([]);
});

test("writers of two profiles work side by side", async () => {
  await withProfileLock(host(), "one", { command: "a", signal: idle }, () =>
    withProfileLock(host(), "two", { command: "b", signal: idle, waitMs: 0 }, () => Promise.resolve()),
  );
});

test("another process that holds the lock is named, first in the notice, then in STATE_LOCKED", async () => {
  const child = await otherProcess("demo");
  const notices: string[] = [];
  const attempt = withProfileLock(
    host(),
    "demo",
    { command: "localkube stop", signal: idle, waitMs: 400, onWait: (notice) => notices.push(notice) },
    () => Promise.resolve(),
  );
  await expect(attempt).rejects.toMatchObject({ id: "STATE_LOCKED", exitCode: 75 });
  await expect(attempt).rejects.toThrow(`localkube start, process ${child.pid}`);
  expect(notices).toEqual([expect.stringContaining(`waiting for localkube start (process ${child.pid})`)]);
});

test("the lock of a process killed by kill -9 is taken over at once", async () => {
  const child = await otherProcess("demo");
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
  expect(existsSync(clusterPaths(host(), "demo").lock)).toBe(true);
  const started = performance.now();
  await withProfileLock(host(), "demo", { command: "localkube stop", signal: idle }, () => Promise.resolve());
  expect(performance.now() - started).toBeLessThan(2000);
});

test("of many waiters for a dead process's lock only one at a time gets in", async () => {
  const child = await otherProcess("demo");
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
  let inside = 0;
  const visit = () =>
    withProfileLock(host(), "demo", { command: "localkube stop", signal: idle }, async () => {
      expect(++inside).toBe(1);
      await sleep(20);
      inside--;
    });
  await Promise.all(Array.from({ length: 8 }, visit));
});

test("a process id that another process bears by now is no holder", async () => {
  const paths = clusterPaths(host(), "demo");
  await mkdir(paths.lock, { recursive: true });
  const reused = { ...(await currentHolder("localkube start")), startTime: "1" };
  await writeFile(paths.lockHolder, JSON.stringify(reused));
  await withProfileLock(host(), "demo", { command: "x", signal: idle, waitMs: 0 }, () => Promise.resolve());
});

test("a lock from another machine counts by its heartbeat", async () => {
  const paths = clusterPaths(host(), "demo");
  await mkdir(paths.lock, { recursive: true });
  const foreign = { ...(await currentHolder("localkube start")), hostname: "elsewhere", pid: 1 };
  await writeFile(paths.lockHolder, JSON.stringify(foreign));
  const attempt = () =>
    withProfileLock(host(), "demo", { command: "x", signal: idle, waitMs: 0 }, () => Promise.resolve());
  await expect(attempt()).rejects.toMatchObject({ id: "STATE_LOCKED" });
  const minuteAgo = new Date(Date.now() - 60_000);
  await utimes(paths.lock, minuteAgo, minuteAgo);
  await attempt();
});

test("waiting ends with the abort signal; work sees it too, and the lock is free afterwards", async () => {
  const first = new AbortController();
  const second = new AbortController();
  const begun = Promise.withResolvers<void>();
  const holding = withProfileLock(
    host(),
    "demo",
    { command: "a", signal: first.signal },
    (signal) =>
      new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason as Error));
        begun.resolve();
      }),
  );
  const settled = holding.catch((problem: unknown) => problem);
  await begun.promise;
  const waiting = withProfileLock(host(), "demo", { command: "b", signal: second.signal }, () =>
    Promise.resolve(),
  );
  setTimeout(() => second.abort(new Error("no longer wanted")), 50);
  await expect(waiting).rejects.toThrow("no longer wanted");
  first.abort(new Error("interrupted"));
  expect(await settled).toMatchObject({ message: "interrupted" });
  await withProfileLock(host(), "demo", { command: "c", signal: idle, waitMs: 0 }, () => Promise.resolve());
});

test("losing the lock ends the work", async () => {
  const paths = clusterPaths(host(), "demo");
  const attempt = withProfileLock(host(), "demo", { command: "a", signal: idle }, async (signal) => {
    await rm(paths.lock, { recursive: true });
    await sleep(20_000, undefined, { signal }).catch(() => signal.throwIfAborted());
  });
  await expect(attempt).rejects.toMatchObject({ id: "STATE_LOCK_LOST" });
}, 15_000);

test("the holder's file says who and since when, and is private", async () => {
  await withProfileLock(host(), "demo", { command: "localkube start", signal: idle }, async () => {
    const holder = JSON.parse(await readFile(clusterPaths(host(), "demo").lockHolder, "utf8")) as object;
    expect(holder).toMatchObject({ pid: process.pid, command: "localkube start" });
  });
});
