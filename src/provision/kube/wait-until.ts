import { setTimeout as sleep } from "node:timers/promises";

export interface WaitOptions {
  readonly signal: AbortSignal;
  /** Milliseconds between two looks; grows by half each time up to `maxIntervalMs`. */
  readonly intervalMs?: number;
  readonly maxIntervalMs?: number;
}

/** Looks until `look` gives something; ends only by that, by its rejection or by the signal (the step's deadline is in it). */
export async function waitUntil<T>(look: () => Promise<T | undefined>, options: WaitOptions): Promise<T> {
  let interval = options.intervalMs ?? 50;
  for (;;) {
    options.signal.throwIfAborted();
    const found = await look();
    if (found !== undefined) return found;
    await sleep(interval, undefined, { signal: options.signal }).catch(() => options.signal.throwIfAborted());
    interval = Math.min(interval * 1.5, options.maxIntervalMs ?? 250);
  }
}
