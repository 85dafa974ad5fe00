import { setTimeout as sleep } from "node:timers/promises";
import type { RunContext } from "../../src/contract/host.ts";
import { type Look, look } from "./machine-state.ts";

const pauseMs = 500;

/** The first state that `done` accepts, or the last one seen when the time is up. */
export async function waitForState(
  name: string,
  done: (found: Look) => boolean,
  timeoutMs: number,
  c: RunContext,
): Promise<Look> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const found = await look(name, c);
    if (done(found) || performance.now() >= deadline) return found;
    await sleep(Math.min(pauseMs, Math.max(0, deadline - performance.now())), undefined, {
      signal: c.signal,
    });
  }
}
