import { type FileHandle, open } from "node:fs/promises";
import { LocalkubeError, messageOf } from "../../../contract/errors/localkube-error.ts";
import type { InstallPlan } from "./install-plan.ts";

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
    const problem = messageOf(error);
    throw new LocalkubeError("SSH_PUSH_SOURCE_UNREADABLE", { file, problem }, { cause: error });
  }
}

const tarBlockBytes = 512;
/** Two empty blocks end an archive. */
const tarEnd = Buffer.alloc(2 * tarBlockBytes);

/**
 * The ustar header of one of root's files. Our member names are short and ASCII, so one block is enough; as bytes instead of a
 * library's stream, it lets a push be aborted anywhere with no file left open.
 */
function tarHeader(name: string, mode: number, size: number): Buffer {
  const header = Buffer.alloc(tarBlockBytes);
  const number = (value: number, offset: number, digits: number) =>
    header.write(value.toString(8).padStart(digits, "0"), offset, "latin1");
  header.write(name, 0, 100, "latin1");
  number(mode, 100, 7);
  number(0, 108, 7); // uid
  number(0, 116, 7); // gid
  number(size, 124, 11);
  number(0, 136, 11); // mtime: the guest sets its own
  header.write("        ", 148, "latin1"); // the checksum counts its own field as blanks
  header.write("0", 156, "latin1"); // a regular file
  header.write("ustar\u000000", 257, "latin1");
  number(
    header.reduce((sum, byte) => sum + byte, 0),
    148,
    6,
  );
  header.write("\u0000 ", 154, "latin1");
  return header;
}

/** Bytes after a file's content that fill its last block. */
const tarPadding = (size: number): Buffer =>
  Buffer.alloc((tarBlockBytes - (size % tarBlockBytes)) % tarBlockBytes);
