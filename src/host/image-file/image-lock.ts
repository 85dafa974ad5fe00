import { setTimeout as sleep } from "node:timers/promises";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { RunContext } from "../../contract/host.ts";

const pollMs = 500;
/** The lock of a killed builder is taken over after this long without a heartbeat. */
const staleMs = 10_000;
const heartbeatMs = 2500;
const longestWaitMs = 1_200_000;

/**
 * Runs `work` as the only builder of that file on this host; a second builder waits and reports that it waits. The context passed to
 * `work` is also aborted when the lock is lost. Rejects with IMAGE_BUILD_BUSY after 20 minutes.
 */
export async function withImageLock(
  file: string,
  c: RunContext,
  work: (c: RunContext) => Promise<void>,
): Promise<void> {
  const { lock } = await import("proper-lockfile");
  const lost = new AbortController();
  const options = {
    realpath: false,
    stale: staleMs,
    update: heartbeatMs,
    onCompromised: (error: Error) => lost.abort(error),
  };
  const deadline = performance.now() + longestWaitMs;
  let release: (() => Promise<void>) | undefined;
  while (!release) {
    c.signal.throwIfAborted();
    release = await lock(file, options).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ELOCKED") throw error;
      return undefined;
    });
    if (release) break;
    if (performance.now() > deadline)
      throw new LocalkubeError("IMAGE_BUILD_BUSY", { minutes: longestWaitMs / 60_000 });
    c.report({ message: "waiting for another localkube that builds the machine image" });
    await sleep(pollMs, undefined, { signal: c.signal }).catch(() => c.signal.throwIfAborted());
  }
  try {
    await work({ ...c, signal: AbortSignal.any([c.signal, lost.signal]) });
  } finally {
    await release().catch(() => undefined); // a lost lock belongs to another process now
  }
}
