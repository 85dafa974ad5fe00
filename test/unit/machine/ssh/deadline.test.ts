import { expect, it } from "vitest";
import { DeadlineReached, startDeadline, unlessAborted } from "../../../../src/machine/ssh/deadline.ts";

it("tells the end of the time from a caller who gave up", async () => {
  const timed = startDeadline(10);
  await new Promise((resolve) => timed.signal.addEventListener("abort", resolve));
  expect(timed.signal.reason).toBeInstanceOf(DeadlineReached);
  // A timer may fire a fraction of a millisecond early.
  expect(timed.remaining()).toBeLessThan(1);

  const giveUp = new AbortController();
  const given = startDeadline(60_000, giveUp.signal);
  expect(given.remaining()).toBeGreaterThan(59_000);
  giveUp.abort(new Error("Ctrl-C"));
  expect(given.signal.reason).toEqual(new Error("Ctrl-C"));
  expect(startDeadline(60_000, giveUp.signal).signal.aborted).toBe(true);
  given.clear();
});

it("does not wait for what goes on after an abort", async () => {
  const giveUp = new AbortController();
  const waiting = unlessAborted(new Promise(() => undefined), giveUp.signal);
  giveUp.abort(new Error("Ctrl-C"));
  await expect(waiting).rejects.toThrow("Ctrl-C");
  await expect(unlessAborted(Promise.resolve(1), giveUp.signal)).rejects.toThrow("Ctrl-C");
  await expect(unlessAborted(Promise.resolve(1), new AbortController().signal)).resolves.toBe(1);
});
