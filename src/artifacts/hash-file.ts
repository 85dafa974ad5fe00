import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { type ContentDigest, ContentHash, type ExpectedDigest } from "./content-digest.ts";

/** SHA-256 (and SHA-512 where that is expected) and size of a file, read in large pieces. Rejects with the file system's error. */
export async function hashFile(
  file: string,
  options: {
    readonly expected?: ExpectedDigest | undefined;
    readonly signal?: AbortSignal;
    readonly onBytes?: (bytes: number) => void;
  } = {},
): Promise<ContentDigest & { readonly size: number }> {
  const hash = new ContentHash(options.expected);
  let size = 0;
  await pipeline(
    createReadStream(file, { highWaterMark: 1024 * 1024 }),
    async (chunks: AsyncIterable<Buffer>) => {
      for await (const chunk of chunks) {
        hash.update(chunk);
        size += chunk.length;
        options.onBytes?.(chunk.length);
      }
    },
    options.signal ? { signal: options.signal } : {},
  );
  return { ...hash.digest(), size };
}
