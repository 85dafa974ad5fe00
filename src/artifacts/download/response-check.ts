import type { IncomingHttpHeaders } from "node:http";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import { RetryableFailure } from "./retryable-failure.ts";
import type { TransferSubject } from "./transfer-subject.ts";

export interface Answer {
  readonly statusCode: number;
  readonly headers: IncomingHttpHeaders;
}

const retriedStatus = new Set([408, 425, 429]);

/**
 * Where the body of an answer starts in the file: `offset` of the request for a true 206, 0 for a 200 (the file changed, or the
 * server cannot resume). Throws RetryableFailure, ARTIFACT_NOT_FOUND or ARTIFACT_REFUSED.
 */
export function bodyOffset(answer: Answer, offset: number, subject: TransferSubject): number {
  const { statusCode: status, headers } = answer;
  if (status === 200) return 0;
  if (status === 206) {
    if (offset > 0 && rangeStart(headers["content-range"]) === offset) return offset;
    throw new RetryableFailure("the server sent another range than was asked for", { startOver: true });
  }
  if (status === 416)
    throw new RetryableFailure("the file became shorter on the server", { startOver: true });
  if (status >= 500 || retriedStatus.has(status))
    throw new RetryableFailure(`HTTP ${status}`, { retryAfterMs: retryAfterMs(headers["retry-after"]) });
  const { path, source } = subject;
  if (status === 404 || status === 410) throw new LocalkubeError("ARTIFACT_NOT_FOUND", { path, source });
  throw new LocalkubeError("ARTIFACT_REFUSED", { path, source, status });
}

/** Size of the whole file by Content-Length, if given. */
export function wholeSize(answer: Answer, offset: number): number | undefined {
  const length = answer.headers["content-length"];
  return length !== undefined && /^\d+$/.test(length) ? offset + Number(length) : undefined;
}

/** What If-Range may use: a weak ETag does not promise equal bytes. */
export function validatorOf({ headers }: Answer): string | undefined {
  const { etag } = headers;
  return etag !== undefined && !etag.startsWith("W/") ? etag : headers["last-modified"];
}

const rangeStart = (header: string | undefined): number =>
  Number(/^bytes (\d+)-\d+\/(?:\d+|\*)$/.exec(header ?? "")?.[1] ?? Number.NaN);

function retryAfterMs(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d+$/.test(header)) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, at - Date.now());
}
