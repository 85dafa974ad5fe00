import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Digest } from "../contract/digest.ts";

/** What was found, hex; SHA-512 only where it was asked for: it costs as much again. */
export interface ContentDigest {
  readonly sha256: string;
  readonly sha512?: string;
}

/** Hashes content as it passes. */
export class ContentHash {
  readonly #sha256 = createHash("sha256");
  readonly #sha512;

  constructor(expected?: Digest) {
    this.#sha512 = expected?.algorithm === "sha512" ? createHash("sha512") : undefined;
  }

  update(chunk: Uint8Array): void {
    this.#sha256.update(chunk);
    this.#sha512?.update(chunk);
  }

  /** May be called once. */
  digest(): ContentDigest {
    const sha256 = this.#sha256.digest("hex");
    return this.#sha512 ? { sha256, sha512: this.#sha512.digest("hex") } : { sha256 };
  }
}

/** The two digests to compare, hex, for the decision and for messages. */
export const compareDigests = (
  { algorithm, hex }: Digest,
  found: ContentDigest,
): { readonly wanted: string; readonly got: string } => ({ wanted: hex, got: found[algorithm] ?? "" });

/** Without an expectation, everything matches. */
export function fits(expected: Digest | undefined, found: ContentDigest): boolean {
  if (!expected) return true;
  const { wanted, got } = compareDigests(expected, found);
  return wanted === got;
}

/** SHA-256 (and SHA-512 where that is expected) and size of a file, read in large pieces. Rejects with the file system's error. */
export async function hashFile(
  file: string,
  options: {
    readonly expected?: Digest | undefined;
    readonly signal?: AbortSignal;
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
      }
    },
    options.signal ? { signal: options.signal } : {},
  );
  return { ...hash.digest(), size };
}

/** A pass-through that counts and hashes (SHA-256); `hex` may be called once, when the stream has ended. */
export interface DigestStream extends Transform {
  hex(): string;
  bytes(): number;
}

export function digestStream(): DigestStream {
  const hash = createHash("sha256");
  let bytes = 0;
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      bytes += chunk.length;
      done(null, chunk);
    },
  });
  let hex: string | undefined;
  return Object.assign(stream, { hex: () => (hex ??= hash.digest("hex")), bytes: () => bytes });
}
