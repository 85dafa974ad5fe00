import type { IncomingHttpHeaders } from "node:http";

const unknownResetMs = 5000;
/** The API reports whole seconds: wait a little longer, so that the limit has really ended. */
const marginMs = 250;

/**
 * Milliseconds until a rate limit ends, from `X-RateLimit-Reset` (seconds since the epoch, by the server's clock, which its `Date` header
 * gives) or `Retry-After` (seconds). Pure.
 */
export function rateLimitMs(headers: IncomingHttpHeaders, now = Date.now()): number {
  const after = Number(headers["retry-after"]);
  if (headers["retry-after"] !== undefined && Number.isFinite(after) && after >= 0) return after * 1000;
  const reset = Number(headers["x-ratelimit-reset"]);
  if (headers["x-ratelimit-reset"] === undefined || !Number.isFinite(reset)) return unknownResetMs;
  const theirs = Date.parse(headers.date ?? "");
  return Math.max(0, reset * 1000 - (Number.isNaN(theirs) ? now : theirs)) + marginMs;
}
