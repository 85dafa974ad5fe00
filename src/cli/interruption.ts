import process from "node:process";
import { LocalkubeError } from "../contract/errors/localkube-error.ts";
import { outputLost } from "./standard-streams.ts";

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * A terminal sends Ctrl-C to both the launcher and us, and the launcher passes its own on; npm does the same once more.
 * Signals that arrive this close together count as one request by the user.
 */
const sameWishMs = 300;

export interface Interruption {
  /** Aborted with INTERRUPTED at the first signal, or when nobody reads our output any more. */
  readonly signal: AbortSignal;
  /** Restores Node's default signal handling. */
  stop(): void;
}

/** First SIGINT, SIGTERM or SIGHUP: abort, so that the use case can end cleanly. Second one: exit with 130 immediately. */
export function watchInterruption(): Interruption {
  const controller = new AbortController();
  let firstAt = 0;
  const onSignal = (): void => {
    const now = performance.now();
    if (firstAt === 0) {
      firstAt = now;
      controller.abort(new LocalkubeError("INTERRUPTED"));
    } else if (now - firstAt > sameWishMs) {
      process.exit(130);
    }
  };
  const onLost = (): void => controller.abort(new LocalkubeError("INTERRUPTED"));
  outputLost.addEventListener("abort", onLost, { once: true });
  for (const signal of signals) process.on(signal, onSignal);
  return {
    signal: controller.signal,
    stop: () => {
      outputLost.removeEventListener("abort", onLost);
      signals.forEach((signal) => process.off(signal, onSignal));
    },
  };
}
