import { createReadStream, createWriteStream } from "node:fs";
import { rename, rm, stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import { compareDigests, type ContentDigest, ContentHash, fits } from "../content-digest.ts";
import { treePath } from "../identity.ts";
import type { DownloadRequest } from "./download-request.ts";
import { RetryableFailure, transferFailure, unreachable } from "./transfer-failure.ts";

const highWaterMark = 1024 * 1024;

/** The same as `downloadFile` for a mirror that is a folder: copies, hashes on the way, renames when the digest is right. */
export async function copyFromFolder(
  folder: string,
  request: Omit<DownloadRequest, "url" | "env" | "limits" | "accept" | "log">,
): Promise<ContentDigest & { readonly size: number }> {
  const { subject, file, signal, expected } = request;
  const part = `${file}.part`;
  try {
    const from = treePath(folder, subject.path);
    const { size: total } = await stat(from);
    const hash = new ContentHash(expected);
    let size = 0;
    const count = async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        hash.update(chunk);
        size += chunk.length;
        request.onProgress(size, total);
        yield chunk;
      }
    };
    await pipeline(
      createReadStream(from, { highWaterMark }),
      count,
      createWriteStream(part, { mode: 0o644, highWaterMark }),
      { signal },
    );
    const digest = hash.digest();
    if (expected && !fits(expected, digest))
      throw new LocalkubeError("ARTIFACT_DIGEST_MISMATCH", {
        path: subject.path,
        source: subject.source,
        ...compareDigests(expected, digest),
      });
    await rename(part, file);
    return { ...digest, size };
  } catch (error) {
    await rm(part, { force: true });
    signal.throwIfAborted();
    throw copyFailure(error, request);
  }
}

function copyFailure(error: unknown, { subject, file }: Pick<DownloadRequest, "subject" | "file">): Error {
  const { code } = error as NodeJS.ErrnoException;
  const { path, source } = subject;
  if (code === "ENOENT" || code === "ENOTDIR" || code === "EISDIR")
    return new LocalkubeError("ARTIFACT_NOT_FOUND", { path, source }, { cause: error });
  if (code === "EIO" || code === "EACCES" || code === "ESTALE")
    return unreachable(subject, new RetryableFailure(String((error as Error).message), { cause: error }));
  return transferFailure(error, subject, file);
}
