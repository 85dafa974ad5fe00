import { poll } from "../host/poll.ts";

/** Whose wait it is. */
export interface Waiting {
  readonly signal: AbortSignal;
  /**
   * The machine's processor is emulated: its time must not be spent on our requests. They get rarer the longer an answer or the whole wait
   * takes, and an answer has all the time it needs.
   */
  readonly emulated: boolean;
}

export interface WaitOptions extends Waiting {
  /** Milliseconds between two polls; grows by half each time up to `maxIntervalMs`. */
  readonly intervalMs?: number;
  readonly maxIntervalMs?: number;
}

/** Part of the time waited so far by which an end may be noticed too late, on an emulated machine. */
const ofWaited = 0.03;
const longestPauseMs = 2000;

/** A first handshake takes an emulated machine seconds; giving up on one means starting another. */
const longAnswerMs = 30_000;
const shortAnswerMs = 1000;
/** For how long a hanging request may hide that the next one would be answered: this part of the time waited so far. */
const answerOfWaited = 0.1;

/**
 * Polls `look` until it returns a value; rejects if `look` rejects or the signal aborts (it includes the step's deadline). `look` gets the
 * milliseconds that a request may wait for its answer. On a machine at full speed the pause between two polls is the same
 * however long a poll took: a request that hung for seconds is no reason to notice the end seconds later.
 */
export function waitUntil<T>(
  look: (answerMs: number) => Promise<T | undefined>,
  { signal, emulated, intervalMs = 50, maxIntervalMs = 250 }: WaitOptions,
): Promise<T> {
  const started = performance.now();
  let begun = started;
  let interval = intervalMs;
  const pause = () => {
    const now = performance.now();
    const wanted = emulated
      ? Math.max(interval, now - begun, Math.min((now - started) * ofWaited, longestPauseMs))
      : interval;
    interval = Math.min(interval * 1.5, maxIntervalMs);
    return wanted;
  };
  const timed = () => {
    begun = performance.now();
    // Whole milliseconds: timers take nothing else.
    const answerMs = Math.round(Math.max(shortAnswerMs, (begun - started) * answerOfWaited));
    return look(emulated ? longAnswerMs : Math.min(answerMs, longAnswerMs));
  };
  return poll(timed, { signal, everyMs: pause });
}
