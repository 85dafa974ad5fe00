import { rename } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import { compareDigests, type ContentDigest, fits } from "../content-digest.ts";
import { attemptDownload, type AttemptResult } from "./attempt-download.ts";
import type { DownloadRequest } from "./download-request.ts";
import { PartialFile } from "./partial-file.ts";
import { RetryableFailure, transferFailure, unreachable } from "./transfer-failure.ts";

/**
 * Downloads one file: continues a partial one if the server still has the same file, tries again on network errors, 5xx and 429
 * with growing pauses, and hashes on the way. Rejects with ARTIFACT_NOT_FOUND, _REFUSED, _SOURCE_UNREACHABLE, _SOURCE_UNTRUSTED,
 * _NO_SPACE, _DIGEST_MISMATCH, MIRROR_UNREACHABLE or the signal's reason. What was received is kept for the next call, unless its
 * digest is wrong or the disk is full.
 */
export async function downloadFile(
  request: DownloadRequest,
): Promise<ContentDigest & { readonly size: number }> {
  const part = new PartialFile(request.file);
  const { limits, signal, subject } = request;
  let failures = 0;
  let received = 0;
  const onProgress = (done: number, total: number | undefined) => {
    received = done;
    request.onProgress(done, total);
  };
  for (;;) {
    const before = received;
    try {
      const result = await attemptDownload({ ...request, onProgress }, part);
      if (await accepted(request, part, result)) return { ...result.digest, size: result.size };
    } catch (error) {
      signal.throwIfAborted();
      const failure = transferFailure(error, subject, request.file);
      if (!(failure instanceof RetryableFailure)) {
        if (failure instanceof LocalkubeError && failure.id === "ARTIFACT_NO_SPACE") await part.discard();
        throw failure;
      }
      if (failure.startOver) await part.discard();
      failures = received > before && !failure.startOver ? 1 : failures + 1;
      if (failures >= limits.attempts) throw unreachable(subject, failure);
      const pause = Math.min(
        failure.retryAfterMs ?? limits.backoffMs * 2 ** (failures - 1),
        limits.retryAfterMs,
      );
      request.log(`${subject.path}: ${failure.message}; trying again in ${pause} ms`);
      await sleep(pause, undefined, { signal });
    }
  }
}

/** Puts the file in place, or discards a wrong one; `false` = it was pieced together and may be fetched once more in one go. */
async function accepted(
  request: DownloadRequest,
  part: PartialFile,
  result: AttemptResult,
): Promise<boolean> {
  const { expected, subject, file } = request;
  if (expected && !fits(expected, result.digest)) {
    await part.discard();
    if (!result.resumed)
      throw new LocalkubeError("ARTIFACT_DIGEST_MISMATCH", {
        path: subject.path,
        source: subject.source,
        ...compareDigests(expected, result.digest),
      });
    request.log(`${subject.path}: the resumed download has a wrong digest; downloading it again`);
    return false;
  }
  await rename(part.path, file);
  await part.discard();
  return true;
}
