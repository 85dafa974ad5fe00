import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { Readable, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Header, Pack } from "tar-stream";

/** Adds one file with the epoch as its time (determinism) and waits until its content is in the tar. */
export async function addTarFile(
  pack: Pack,
  header: Partial<Header> & Pick<Header, "name">,
  content: Uint8Array | { readonly file: string },
): Promise<void> {
  const fixed = { ...header, type: "file" as const, mtime: new Date(0) };
  if (content instanceof Uint8Array) {
    await new Promise<void>((resolve, reject) => {
      pack.entry(fixed, Buffer.from(content), (error) => (error ? reject(error) : resolve()));
    });
    return;
  }
  const { size } = await stat(content.file);
  await pipeline(createReadStream(content.file), pack.entry({ ...fixed, size }) as unknown as Writable);
}

/**
 * The tar as a stream of Node: tar-stream's streams are streamx ones, whose errors Node's `pipeline` does not catch when it is
 * aborted; iteration does.
 */
export const tarReadable = (pack: Pack): Readable => Readable.from(pack, { objectMode: false });
