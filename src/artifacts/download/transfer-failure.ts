import { dirname } from "node:path";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import { RetryableFailure } from "./retryable-failure.ts";
import type { TransferSubject } from "./transfer-subject.ts";

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
