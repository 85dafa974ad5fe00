import { setTimeout as sleep } from "node:timers/promises";

/** Whose wait it is. */
export interface Waiting {
  readonly signal: AbortSignal;
  /**
   * The machine's processor is emulated: its time must not be spent on our questions. They get rarer the longer an answer or the whole wait
   * takes, and an answer has all the time it needs.
   */
  readonly emulated: boolean;
}

export interface WaitOptions extends Waiting {
  /** Milliseconds between two looks; grows by half each time up to `maxIntervalMs`. */
  readonly intervalMs?: number;
  readonly maxIntervalMs?: number;
}

/** Part of the time waited so far by which an end may be noticed too late, on an emulated machine. */
const ofWaited = 0.03;
const longestPauseMs = 2000;

/** A first handshake takes an emulated machine seconds; giving up on one means another. */
const longAnswerMs = 30_000;
const shortAnswerMs = 1000;
/** A question that hangs may hide for so long that the next one would be answered: this part of the time waited so far. */
const answerOfWaited = 0.1;

/**
 * Looks until `look` gives something; ends only by that, by its rejection or by the signal (the step's deadline is in it). `look` is told
 * for how many milliseconds a question may wait for its answer. On a machine at full speed the pause between two looks is the same
 * however long a look took: a question that hung for seconds is no reason to notice the end seconds later.
 */
export async function waitUntil<T>(
  look: (answerMs: number) => Promise<T | undefined>,
  { signal, emulated, intervalMs = 50, maxIntervalMs = 250 }: WaitOptions,
): Promise<T> {
  const started = performance.now();
  let interval = intervalMs;
  for (;;) {
    signal.throwIfAborted();
    const begun = performance.now();
    // Whole milliseconds: timers take nothing else.
    const answerMs = Math.round(Math.max(shortAnswerMs, (begun - started) * answerOfWaited));
    const found = await look(emulated ? longAnswerMs : Math.min(answerMs, longAnswerMs));
    if (found !== undefined) return found;
    const now = performance.now();
    const pause = emulated
      ? Math.max(interval, now - begun, Math.min((now - started) * ofWaited, longestPauseMs))
      : interval;
    await sleep(pause, undefined, { signal }).catch(() => signal.throwIfAborted());
    interval = Math.min(interval * 1.5, maxIntervalMs);
  }
}
