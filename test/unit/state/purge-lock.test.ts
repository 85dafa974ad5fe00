import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { withProfileLock, withPurgeLock } from "../../../src/state/lock.ts";

let stateDir = "";
const host = () => ({ stateDir, cacheDir: join(stateDir, "cache") });
const signal = new AbortController().signal;
const profile = (work: () => Promise<void>, waitMs = 10_000) =>
  withProfileLock(host(), "demo", { command: "localkube start", signal, waitMs }, work);
const purge = (work: () => Promise<void>, waitMs = 10_000) =>
  withPurgeLock(host(), { command: "localkube delete --all --purge", signal, waitMs }, work);

beforeEach(async () => {
  stateDir = await mkdtemp(join(tmpdir(), "localkube-purge-"));
});
afterEach(() => rm(stateDir, { recursive: true, force: true }));

test("a purge waits for the writer of any profile, and names it when that takes too long", async () => {
  let working = true;
  const begun = Promise.withResolvers<void>();
  const writer = profile(async () => {
    begun.resolve();
    await sleep(600);
    working = false;
  });
  await begun.promise;
  await expect(purge(() => Promise.resolve(), 200)).rejects.toMatchObject({
    id: "STATE_LOCKED",
    params: expect.objectContaining({ name: "demo" }) as unknown,
  });
  await purge(() => {
    expect(working).toBe(false);
    return Promise.resolve();
  });
  await writer;
});

test("who comes while everything is purged waits for the end, and finds a folder to work in", async () => {
  let purging = true;
  const begun = Promise.withResolvers<void>();
  const purged = purge(async () => {
    begun.resolve();
    await sleep(400);
    await rm(join(stateDir, "config.json"), { force: true });
    purging = false;
  });
  await begun.promise;
  await expect(profile(() => Promise.resolve(), 100)).rejects.toMatchObject({ id: "STATE_LOCKED" });
  await profile(() => {
    expect(purging).toBe(false);
    expect(existsSync(join(stateDir, "locks"))).toBe(true);
    return Promise.resolve();
  });
  await purged;
});

test("of many writers and purges none meets the other", async () => {
  let inside: string | undefined;
  const visit = (what: string) => async () => {
    expect(inside).toBeUndefined();
    inside = what;
    await sleep(20);
    inside = undefined;
  };
  await Promise.all([
    ...Array.from({ length: 4 }, (_, i) => profile(visit(`start ${i}`), 20_000)),
    ...Array.from({ length: 4 }, (_, i) => purge(visit(`purge ${i}`), 20_000)),
  ]);
});
