import { expect, it } from "vitest";
import { poll } from "../../../src/host/poll.ts";

const { signal } = new AbortController();

it("returns the first value, and says how many looks came before", async () => {
  const seen: number[] = [];
  const look = (before: number) => Promise.resolve(seen.push(before) === 3 ? { before } : undefined);
  expect(await poll(look, { signal, everyMs: 1 })).toEqual({ before: 2 });
  expect(seen).toEqual([0, 1, 2]);
});

it("takes false, null and 0 for values", async () => {
  for (const value of [false, null, 0])
    expect(await poll(() => Promise.resolve(value), { signal, everyMs: 1 })).toBe(value);
});

it("looks a last time when the time is over, even if the pause is longer", async () => {
  const begun = performance.now();
  const looks: number[] = [];
  const look = () => Promise.resolve(void looks.push(performance.now() - begun));
  expect(await poll(look, { signal, everyMs: 60_000, limitMs: 100 })).toBeUndefined();
  expect(looks).toHaveLength(2);
  expect(looks[1]).toBeGreaterThanOrEqual(95);
  expect(looks[1]).toBeLessThan(5000);
});

it("looks once when there is no time at all", async () => {
  let looks = 0;
  expect(
    await poll(() => Promise.resolve(void looks++), { signal, everyMs: 10, limitMs: 0 }),
  ).toBeUndefined();
  expect(looks).toBe(1);
});

it("asks how long each pause is after its look", async () => {
  const pauses = [1, 2, 3];
  const look = () => Promise.resolve(pauses.length === 0 ? "done" : undefined);
  expect(await poll(look, { signal, everyMs: () => pauses.shift() ?? 1 })).toBe("done");
});

it("rejects with the reason of the signal, before a look and in a pause, and with what a look rejects", async () => {
  const reason = new Error("interrupted");
  await expect(
    poll(() => Promise.resolve(1), { signal: AbortSignal.abort(reason), everyMs: 1 }),
  ).rejects.toBe(reason);
  const later = new AbortController();
  setTimeout(() => later.abort(reason), 30);
  const never = () => Promise.resolve(undefined);
  await expect(poll(never, { signal: later.signal, everyMs: 60_000 })).rejects.toBe(reason);
  const broken = () => Promise.reject(new Error("broken"));
  await expect(poll(broken, { signal, everyMs: 1 })).rejects.toThrow("broken");
});
