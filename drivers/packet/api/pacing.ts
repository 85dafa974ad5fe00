/** How long and how often the API is asked, milliseconds. */
export interface Pacing {
  /** For one answer. */
  readonly answerMs: number;
  /** Waits before a GET that failed on the way or at the service is repeated; as many as there are. */
  readonly retryMs: readonly number[];
  /** After this much of a GET's time it is not repeated: `status` must end within seconds. */
  readonly retryWithinMs: number;
  /** The longest wait for a rate limit to end, all waits of one call together. */
  readonly rateLimitMs: number;
  /** Waits between looks for a device whose `create` got no answer. */
  readonly lostMs: readonly number[];
  /** Waits between looks at a device that changes its state; the last is kept. */
  readonly pollMs: readonly number[];
  /** From `create` to «active»: a large server takes ten minutes. */
  readonly provisionMs: number;
  /** For power on, off and reboot. */
  readonly powerMs: number;
  /** For a delete to be accepted (not while the device is provisioned) and done. */
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
