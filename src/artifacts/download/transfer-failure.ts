import { dirname } from "node:path";
import type { TransferSubject } from "./download-request.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";

/** A failure that may go away: the download tries again after a pause. */
export class RetryableFailure extends Error {
  /** Wait that the server asked for, milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** The partial file is of no use and the next attempt starts at the first byte. */
  readonly startOver: boolean;

  constructor(
    problem: string,
    options: {
      readonly retryAfterMs?: number | undefined;
      readonly startOver?: boolean;
      readonly cause?: unknown;
    } = {},
  ) {
    super(problem, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "RetryableFailure";
    this.retryAfterMs = options.retryAfterMs;
    this.startOver = options.startOver ?? false;
  }
}

const untrusted = /^(CERT_|SELF_SIGNED_|DEPTH_ZERO_|UNABLE_TO_(GET_ISSUER|VERIFY)|ERR_TLS_CERT_)/;

/** Classifies a failed transfer: network problems become a RetryableFailure, anything else the error to show. Never throws. */
export function transferFailure(error: unknown, subject: TransferSubject, file: string): Error {
  if (error instanceof LocalkubeError || error instanceof RetryableFailure) return error;
  const { code = "", message, path } = error as NodeJS.ErrnoException;
  if (code === "ENOSPC" || code === "EDQUOT")
    return new LocalkubeError("ARTIFACT_NO_SPACE", { folder: dirname(file) }, { cause: error });
  if (path !== undefined || !(error instanceof Error))
    return error instanceof Error ? error : new Error(String(error));
  // The HTTP library's error holds the whole request, with passwords of mirror and proxy: it must not become a cause.
  if (untrusted.test(code))
    return new LocalkubeError("ARTIFACT_SOURCE_UNTRUSTED", { source: subject.source, problem: code });
  return new RetryableFailure(code && !message.includes(code) ? `${code}: ${message}` : message);
}

/** The error after the last attempt. */
export function unreachable(subject: TransferSubject, failure: RetryableFailure): LocalkubeError {
  const { path, source, mirror } = subject;
  const id = mirror ? "MIRROR_UNREACHABLE" : "ARTIFACT_SOURCE_UNREACHABLE";
  return new LocalkubeError(id, { path, source, problem: failure.message }, { cause: failure });
}
