import type { HostContext, RunContext } from "../../../src/contract/host.ts";

/** Where the API is and who calls it. Contains a secret: never log it, never put it into an error. */
export interface ApiConnection {
  /** Ends with a slash: paths of the API are added to it. */
  readonly endpoint: URL;
  readonly token: string;
  /** Where the token came from, for display: "PACKET_AUTH_TOKEN", "the file /home/…". */
  readonly origin: string;
  /** Certificates (PEM) of a private certificate authority. */
  readonly authority?: string;
  readonly env: HostContext["env"];
}

/** What a call needs from its caller. */
export type ApiContext = Pick<RunContext, "signal" | "log" | "report">;

/** Timeouts and retry intervals of API calls, in milliseconds. */
export interface Pacing {
  /** For one answer. */
  readonly answerMs: number;
  /** Delays before retrying a GET that failed in transit or at the service; the number of entries is the number of retries. */
  readonly retryMs: readonly number[];
  /** Once a GET has taken this long it is not retried: `status` must end within seconds. */
  readonly retryWithinMs: number;
  /** The longest wait for rate limits to end, summed over all waits of one call. */
  readonly rateLimitMs: number;
  /** Delays between checks for a device whose `create` got no answer. */
  readonly lostMs: readonly number[];
  /** Delays between checks of a device that is changing state; the last one repeats. */
  readonly pollMs: readonly number[];
  /** From `create` to "active": a large server takes ten minutes. */
  readonly provisionMs: number;
  /** For power on, off and reboot. */
  readonly powerMs: number;
  /** For a delete to be accepted (it is refused while the device is being provisioned) and done. */
  readonly removeMs: number;
}

export const usualPacing: Pacing = {
  answerMs: 30_000,
  retryMs: [500, 1000, 2000, 4000],
  retryWithinMs: 15_000,
  rateLimitMs: 90_000,
  lostMs: [0, 2000, 5000, 10_000],
  pollMs: [500, 500, 1000, 1000, 2000, 5000],
  provisionMs: 1_500_000,
  powerMs: 300_000,
  removeMs: 240_000,
};
