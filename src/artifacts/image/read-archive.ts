import { createReadStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { pipeline, type Readable, Transform } from "node:stream";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";

export interface ArchiveStream {
  /** The tar, decompressed. */
  readonly tar: Readable;
  /** Bytes of the file, compressed or not. */
  readonly size: number;
}

const bufferBytes = 1024 * 1024;

/**
 * Opens an image archive (a tar, or one compressed with gzip or zstd) for a single pass. `onRead` gets the bytes of the file read so far.
 * Rejects with IMAGE_FILE_UNREADABLE; later failures fail the stream.
 */
export async function openArchive(
  file: string,
  signal: AbortSignal,
  onRead: (bytes: number) => void = () => undefined,
): Promise<ArchiveStream> {
  const { size, magic } = await firstBytes(file);
  let read = 0;
  const counter = new Transform({
    highWaterMark: bufferBytes,
    transform(chunk: Buffer, _encoding, done) {
      onRead((read += chunk.length));
      done(null, chunk);
    },
  });
  const source = createReadStream(file, { highWaterMark: bufferBytes, signal });
  const decompress = decompressor(magic);
  // Errors reach the reader through the last stream, which they destroy.
  if (decompress) pipeline(source, counter, decompress, () => undefined);
  else pipeline(source, counter, () => undefined);
  return { tar: decompress ?? counter, size };
}

async function firstBytes(file: string): Promise<{ readonly size: number; readonly magic: string }> {
  try {
    const status = await stat(file);
    if (!status.isFile()) throw new Error("it is not a file");
    const handle = await open(file);
    try {
      const { buffer } = await handle.read(Buffer.alloc(4), 0, 4, 0);
      return { size: status.size, magic: buffer.toString("hex") };
    } finally {
      await handle.close();
    }
  } catch (cause) {
    const problem = (cause as Error).message;
    throw new LocalkubeError("IMAGE_FILE_UNREADABLE", { file, problem }, { cause });
  }
}

function decompressor(magic: string) {
  if (magic.startsWith("1f8b")) return createGunzip();
  return magic === "28b52ffd" ? createZstdDecompress() : undefined;
}
