import { setTimeout as sleep } from "node:timers/promises";
import type { Workspace } from "./workspace.ts";

export interface Kubectl {
  /** Standard output of `localkube kubectl -- …`; rejects when it fails. */
  (...args: string[]): Promise<string>;
}

/** Longer than anything a test waits for by `kubectl wait`: an emulated cluster may need minutes for a pod. */
const longestMs = 900_000;

export const kubectl =
  (user: Workspace, profile: string): Kubectl =>
  async (...args) =>
    (await user.ok(["kubectl", "-p", profile, "--", ...args], { timeoutMs: longestMs })).stdout.trim();

const longestPauseMs = 5000;
/** For what an emulated guest does in seconds on a quiet host, and in minutes on a busy one. */
export const emulatedMs = 300_000;

/** Repeats until `look` says something true, the rarer the longer a look takes (an emulated guest pays for it); rejects with its last answer or failure after `timeoutMs`. */
export async function eventually<T>(
  look: () => Promise<T>,
  good: (value: T) => boolean,
  timeoutMs = 90_000,
): Promise<T> {
  const end = Date.now() + timeoutMs;
  let last: unknown;
  while (Date.now() < end) {
    const begun = Date.now();
    try {
      const value = await look();
      if (good(value)) return value;
      last = value;
    } catch (error) {
      last = error;
    }
    await sleep(Math.max(250, Math.min(3 * (Date.now() - begun), longestPauseMs)));
  }
  throw last instanceof Error ? last : new Error(`never became true; last: ${JSON.stringify(last)}`);
}
