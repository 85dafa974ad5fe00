import { setTimeout as sleep } from "node:timers/promises";

const pollMs = 150;

/** Asks until the answer is true; false after `timeoutMs`. */
export async function waitUntil(
  isSo: () => Promise<boolean>,
  timeoutMs: number,
  signal: AbortSignal,
  everyMs = pollMs,
): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  while (!(await isSo())) {
    if (performance.now() > deadline) return false;
    await sleep(everyMs, undefined, { signal });
  }
  return true;
}
