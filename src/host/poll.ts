import { setTimeout as sleep } from "node:timers/promises";

export interface PollOptions {
  readonly signal: AbortSignal;
  /** Milliseconds between two looks, or a function that is asked after each look. */
  readonly everyMs: number | (() => number);
  /** Milliseconds until the last look; without a limit only the signal ends the wait. */
  readonly limitMs?: number;
}

/**
 * Calls `look` until it returns something other than undefined, and returns that; `look` gets the number of looks before it. When the time is
 * over it looks once more, and returns undefined if that fails as well. Rejects if `look` rejects, or with the signal's reason.
 */
export async function poll<T>(
  look: (before: number) => Promise<T | undefined>,
  options: PollOptions & { readonly limitMs: number },
): Promise<T | undefined>;
export async function poll<T>(
  look: (before: number) => Promise<T | undefined>,
  options: Omit<PollOptions, "limitMs">,
): Promise<T>;
export async function poll<T>(
  look: (before: number) => Promise<T | undefined>,
  { signal, everyMs, limitMs = Infinity }: PollOptions,
): Promise<T | undefined> {
  const end = performance.now() + limitMs;
  // Not by the clock alone: a timer may fire a little early.
  let isLast = false;
  for (let before = 0; ; before++) {
    signal.throwIfAborted();
    const found = await look(before);
    if (found !== undefined) return found;
    const left = end - performance.now();
    if (isLast || left <= 0) return undefined;
    const pause = typeof everyMs === "number" ? everyMs : everyMs();
    isLast = left <= pause;
    await sleep(Math.min(pause, left), undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}
