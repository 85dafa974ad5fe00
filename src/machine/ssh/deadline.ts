/** Reason of a `Deadline`'s signal when it was the time that ran out, not the caller who gave up. */
export class DeadlineReached extends Error {}

export interface Deadline {
  /** Aborts with the caller's reason or, when the time is over, with a `DeadlineReached`. */
  readonly signal: AbortSignal;
  /** Milliseconds left, never negative. */
  remaining(): number;
  /** Removes timer and listener; call it when the work is over. */
  clear(): void;
}

/** One clock for all parts of a call: waiting for a free channel, reconnecting, running. */
export function startDeadline(timeoutMs: number, signal?: AbortSignal): Deadline {
  const controller = new AbortController();
  const end = performance.now() + timeoutMs;
  const forward = () => controller.abort(signal?.reason);
  const timer = setTimeout(() => controller.abort(new DeadlineReached()), timeoutMs);
  if (signal?.aborted) forward();
  else signal?.addEventListener("abort", forward, { once: true });
  return {
    signal: controller.signal,
    remaining: () => Math.max(0, end - performance.now()),
    clear: () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", forward);
    },
  };
}

/** Rejects with the signal's reason as soon as it aborts; `promise` itself continues. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason as Error);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
