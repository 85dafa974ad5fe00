import { type FileHandle, open } from "node:fs/promises";
import { LocalkubeError } from "../../../contract/errors/localkube-error.ts";
import type { InstallPlan } from "./install-plan.ts";
import { tarEnd, tarHeader, tarPadding } from "./tar-header.ts";

// Measured: smaller reads cost trips through the event loop, larger ones fall out of the processor's cache.
const readBytes = 256 * 1024;

/**
 * The plan and then the files as a tar stream, read from disk as fast as it is taken. Two buffers are used again and again: a chunk is
 * good until the next one is asked for. Digests are not computed here; the guest computes them from what arrived, before anything is installed.
 * Aborts with ARTIFACT_DIGEST_MISMATCH (the size alone is wrong already) or SSH_PUSH_SOURCE_UNREADABLE; the archive is
 * then without its end, and the guest installs nothing.
 */
export async function* installStream(
  plan: InstallPlan,
  onSent: (contentBytes: number) => void,
): AsyncGenerator<Buffer | string> {
  yield plan.text;
  const buffers = [Buffer.allocUnsafeSlow(readBytes), Buffer.allocUnsafeSlow(readBytes)] as const;
  for (const { name, file } of plan.members) {
    yield tarHeader(name, file.mode, file.size);
    if (file.size === 0) continue;
    const { content } = file;
    const chunks = content.kind === "bytes" ? [content.bytes] : whole(content.file, file, buffers);
    for await (const chunk of chunks) {
      yield chunk;
      onSent(chunk.length);
    }
    yield tarPadding(file.size);
  }
  if (plan.members.length > 0) yield tarEnd;
}

/** The content of a file of exactly that size; the next chunk is read while the last one is on its way. */
async function* whole(
  file: string,
  { size, sha256: wanted }: { readonly size: number; readonly sha256: string },
  [one, other]: readonly [Buffer, Buffer],
): AsyncGenerator<Buffer> {
  const handle = await readable(file, open(file));
  const read = (buffer: Buffer) => readable(file, handle.read(buffer, 0, buffer.length));
  let [buffer, spare] = [one, other];
  let pending = read(buffer);
  try {
    for (let sent = 0; ; [buffer, spare] = [spare, buffer]) {
      const { bytesRead } = await pending;
      if (bytesRead === 0 && sent === size) return;
      sent += bytesRead;
      if (bytesRead === 0 || sent > size) {
        const got = sent > size ? `more than ${size} bytes` : `${sent} bytes`;
        throw new LocalkubeError("ARTIFACT_DIGEST_MISMATCH", { path: file, wanted, got, source: file });
      }
      pending = read(spare);
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await pending.catch(() => undefined);
    await handle.close();
  }
}

async function readable<T extends FileHandle | { bytesRead: number }>(
  file: string,
  attempt: Promise<T>,
): Promise<T> {
  try {
    return await attempt;
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new LocalkubeError("SSH_PUSH_SOURCE_UNREADABLE", { file, problem }, { cause: error });
  }
}
