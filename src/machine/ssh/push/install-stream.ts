import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { LocalkubeError } from "../../../contract/errors/localkube-error.ts";
import type { InstallPlan } from "./install-plan.ts";
import { tarEnd, tarHeader, tarPadding } from "./tar-header.ts";

// Measured: the cheapest in CPU time; smaller reads cost trips through the event loop, larger ones memory traffic.
const readBytes = 128 * 1024;

/**
 * The plan and then the files as a tar stream, read from disk as fast as it is taken. Breaks off with
 * ARTIFACT_DIGEST_MISMATCH or SSH_PUSH_SOURCE_UNREADABLE when a file of the host is not what the manifest says; the archive is then
 * without its end, and the guest installs nothing.
 */
export async function* installStream(
  plan: InstallPlan,
  onSent: (contentBytes: number) => void,
): AsyncGenerator<Buffer | string> {
  yield plan.text;
  for (const { name, file } of plan.members) {
    yield tarHeader(name, file.mode, file.size);
    if (file.size === 0) continue;
    const chunks =
      file.content.kind === "bytes"
        ? [file.content.bytes]
        : checked(file.content.file, file.sha256, file.size);
    for await (const chunk of chunks) {
      yield chunk;
      onSent(chunk.length);
    }
    yield tarPadding(file.size);
  }
  if (plan.members.length > 0) yield tarEnd;
}

/** A file's content; the digest is made of the very bytes that are sent. */
async function* checked(file: string, wanted: string, size: number): AsyncGenerator<Buffer> {
  const hash = createHash("sha256");
  let bytes = 0;
  try {
    for await (const chunk of createReadStream(file, { highWaterMark: readBytes }) as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > size) break;
      hash.update(chunk);
      yield chunk;
    }
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new LocalkubeError("SSH_PUSH_SOURCE_UNREADABLE", { file, problem }, { cause: error });
  }
  const got = bytes > size ? `more than ${size} bytes` : bytes < size ? `${bytes} bytes` : hash.digest("hex");
  if (got !== wanted)
    throw new LocalkubeError("ARTIFACT_DIGEST_MISMATCH", { path: file, wanted, got, source: file });
}
