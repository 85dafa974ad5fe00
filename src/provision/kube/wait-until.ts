import { setTimeout as sleep } from "node:timers/promises";

export interface WaitOptions {
  readonly signal: AbortSignal;
  /** Milliseconds between two looks; grows by half each time up to `maxIntervalMs`. */
  readonly intervalMs?: number;
  readonly maxIntervalMs?: number;
}

/** Part of the time waited so far by which an end may be noticed too late. */
const ofWaited = 0.03;
const longestMs = 2000;

/** Looks until `look` gives something; ends only by that, by its rejection or by the signal (the step's deadline is in it). */
export async function waitUntil<T>(look: () => Promise<T | undefined>, options: WaitOptions): Promise<T> {
  const started = performance.now();
  let interval = options.intervalMs ?? 50;
  for (;;) {
    options.signal.throwIfAborted();
    const begun = performance.now();
    const found = await look();
    if (found !== undefined) return found;
    // A guest that is slow (emulated, or starting everything at once) must not spend its time on our questions: the longer an answer
    // takes, or the whole wait does, the rarer they are.
    const now = performance.now();
    const pause = Math.max(interval, now - begun, Math.min((now - started) * ofWaited, longestMs));
    await sleep(pause, undefined, { signal: options.signal }).catch(() => options.signal.throwIfAborted());
    interval = Math.min(interval * 1.5, options.maxIntervalMs ?? 250);
  }
}
