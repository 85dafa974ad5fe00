import { createHash } from "node:crypto";
import { Transform } from "node:stream";

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
