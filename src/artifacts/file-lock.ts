import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { LocalkubeError } from "../contract/errors/localkube-error.ts";

const pollMs = 200;

/**
 * Runs `work` as the only process that holds `<file>.lock`. Waits for others up to `waitMs` (then ARTIFACT_LOCK_TIMEOUT);
 * a lock whose holder died is taken over after 10 s. The signal given to `work` also ends when the lock is lost.
 */
export async function withFileLock<T>(
  file: string,
  options: { readonly signal: AbortSignal; readonly waitMs: number; readonly onWait?: () => void },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { lock } = await import("proper-lockfile");
  await mkdir(dirname(file), { recursive: true });
  const lost = new AbortController();
  const onCompromised = (error: Error) => lost.abort(error);
  const deadline = Date.now() + options.waitMs;
  let waited = false;
  for (;;) {
    options.signal.throwIfAborted();
    try {
      const release = await lock(file, { realpath: false, onCompromised });
      try {
        return await work(AbortSignal.any([options.signal, lost.signal]));
      } finally {
        await release().catch(() => undefined); // a lock that was lost is released already
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ELOCKED") throw error;
    }
    if (!waited) options.onWait?.();
    waited = true;
    if (Date.now() > deadline)
      throw new LocalkubeError("ARTIFACT_LOCK_TIMEOUT", { path: file, seconds: options.waitMs / 1000 });
    await sleep(pollMs, undefined, { signal: options.signal });
  }
}
