import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { RunContext } from "../../contract/host.ts";

const pollMs = 1000;
const heartbeatMs = 2500;
/** The lock of a killed builder is taken over after this long without a heartbeat. */
const staleMs = 10_000;
const longestWaitMs = 3_600_000;

/**
 * Runs `work` as the only builder of that result on this host. A second one waits, reports that it is waiting, and finds the first one's result.
 * `work` gets a context whose signal also ends when the lock is lost (the machine slept and another took it).
 */
export async function withBuildLock<T>(
  lock: string,
  c: RunContext,
  work: (c: RunContext) => Promise<T>,
): Promise<T> {
  await mkdir(dirname(lock), { recursive: true });
  const lost = new AbortController();
  const onCompromised = () => lost.abort(new LocalkubeError("DEBIAN_BUILD_TAKEN_OVER"));
  const release = await acquire(lock, c, onCompromised);
  try {
    return await work({
      ...c,
      signal: AbortSignal.any([c.signal, lost.signal]),
    });
  } finally {
    await release().catch(() => undefined); // a lost lock is another's now
  }
}

async function acquire(lock: string, c: RunContext, onCompromised: () => void): Promise<() => Promise<void>> {
  const { default: lockfile } = await import("proper-lockfile");
  const deadline = performance.now() + longestWaitMs;
  for (;;) {
    c.signal.throwIfAborted();
    try {
      const options = {
        realpath: false,
        lockfilePath: lock,
        stale: staleMs,
        update: heartbeatMs,
        onCompromised,
      };
      return await lockfile.lock(lock, options);
    } catch (problem) {
      if ((problem as NodeJS.ErrnoException).code !== "ELOCKED") throw problem;
    }
    if (performance.now() > deadline)
      throw new LocalkubeError("DEBIAN_BUILD_BUSY", {
        minutes: longestWaitMs / 60_000,
      });
    c.report({
      message: "waiting for another localkube that builds Kubernetes",
    });
    await sleep(pollMs, undefined, { signal: c.signal }).catch(() => c.signal.throwIfAborted());
  }
}
