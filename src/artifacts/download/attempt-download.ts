import { once } from "node:events";
import { open } from "node:fs/promises";
import type { IncomingHttpHeaders } from "node:http";
import { type ContentDigest, ContentHash } from "../content-digest.ts";
import type { DownloadRequest, TransferSubject } from "./download-request.ts";
import type { PartialContent, PartialFile } from "./partial-file.ts";
import { RetryableFailure } from "./transfer-failure.ts";
import { withoutCredentials } from "../source.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import { httpClient } from "../../host/http/http-client.ts";

export interface AttemptResult {
  readonly digest: ContentDigest;
  readonly size: number;
  /** Part of the content came from an earlier attempt. */
  readonly resumed: boolean;
}

/** One request. Resolves when the partial file holds all of it; otherwise throws and keeps what came. */
export async function attemptDownload(request: DownloadRequest, part: PartialFile): Promise<AttemptResult> {
  const url = withoutCredentials(request.url);
  const present = await part.read(url, request.expected, request.signal);
  if (present && present.bytes === present.info.total)
    return { digest: present.hash.digest(), size: present.bytes, resumed: true };
  const stall = stallWatch(request);
  try {
    return await receive(request, part, present, stall);
  } catch (error) {
    if (stall.signal.aborted && !request.signal.aborted)
      throw new RetryableFailure(`no data for ${request.limits.stallMs / 1000} s`);
    throw error;
  } finally {
    stall.end();
  }
}

async function receive(
  request: DownloadRequest,
  part: PartialFile,
  present: PartialContent | undefined,
  stall: StallWatch,
): Promise<AttemptResult> {
  const client = await httpClient(request.url, request.env);
  const stream = client.stream(request.url, { headers: headersFor(request, present), signal: stall.signal });
  stream.on("error", () => undefined); // told by `once` and by iteration; a late one must not end the process
  try {
    const [answer] = (await once(stream, "response")) as [Answer];
    const offset = bodyOffset(answer, present?.bytes ?? 0, request.subject);
    const total = wholeSize(answer, offset);
    const validator = validatorOf(answer);
    await part.describe(
      validator === undefined
        ? undefined
        : { url: withoutCredentials(request.url), validator, ...(total === undefined ? {} : { total }) },
    );
    const resumed = offset > 0;
    const hash = resumed && present ? present.hash : new ContentHash(request.expected);
    const size = await write(request, stream, { path: part.path, offset, total, hash, stall });
    return { digest: hash.digest(), size, resumed };
  } finally {
    stream.destroy();
  }
}

/**
 * Writes chunk by chunk with a file handle and not through a write stream: when the connection breaks, what came before is on the
 * disk, while a destroyed stream would drop what it still held.
 */
async function write(
  request: DownloadRequest,
  chunks: AsyncIterable<Buffer>,
  to: { path: string; offset: number; total: number | undefined; hash: ContentHash; stall: StallWatch },
): Promise<number> {
  let size = to.offset;
  request.onProgress(size, to.total);
  const output = await open(to.path, to.offset > 0 ? "a" : "w", 0o644);
  try {
    for await (const chunk of chunks) {
      to.stall.alive();
      to.hash.update(chunk);
      await output.writeFile(chunk);
      size += chunk.length;
      request.onProgress(size, to.total);
    }
  } finally {
    await output.close();
  }
  if (to.total !== undefined && size < to.total)
    throw new RetryableFailure(`the connection ended after ${size} of ${to.total} bytes`);
  return size;
}

function headersFor(request: DownloadRequest, present: PartialContent | undefined): Record<string, string> {
  return {
    ...(request.accept === undefined ? {} : { accept: request.accept }),
    ...(present ? { range: `bytes=${present.bytes}-`, "if-range": present.info.validator } : {}),
  };
}

interface StallWatch {
  readonly signal: AbortSignal;
  alive(): void;
  end(): void;
}

/** Ends when the request's signal does, or when `alive` was not called for the limit. */
function stallWatch({ signal, limits }: DownloadRequest): StallWatch {
  const stalled = new AbortController();
  const timer = setTimeout(() => stalled.abort(new Error("stalled")), limits.stallMs);
  return {
    signal: AbortSignal.any([signal, stalled.signal]),
    alive: () => void timer.refresh(),
    end: () => clearTimeout(timer),
  };
}

export interface Answer {
  readonly statusCode: number;
  readonly headers: IncomingHttpHeaders;
}

const retriedStatus = new Set([408, 425, 429]);

/**
 * Where the body of an answer starts in the file: `offset` of the request for a true 206, 0 for a 200 (the file changed, or the
 * server cannot resume). Throws RetryableFailure, ARTIFACT_NOT_FOUND or ARTIFACT_REFUSED.
 */
function bodyOffset(answer: Answer, offset: number, subject: TransferSubject): number {
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
function wholeSize(answer: Answer, offset: number): number | undefined {
  const length = answer.headers["content-length"];
  return length !== undefined && /^\d+$/.test(length) ? offset + Number(length) : undefined;
}

/** What If-Range may use: a weak ETag does not promise equal bytes. */
function validatorOf({ headers }: Answer): string | undefined {
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
