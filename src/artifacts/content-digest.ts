import { createHash } from "node:crypto";

/** What is known of a file's content beforehand, hex. Publishers give one or the other. */
export type ExpectedDigest = { readonly sha256: string } | { readonly sha512: string };

/** What was found, hex; SHA-512 only where it was asked for: it costs as much again. */
export interface ContentDigest {
  readonly sha256: string;
  readonly sha512?: string;
}

/** Hashes content as it passes. */
export class ContentHash {
  readonly #sha256 = createHash("sha256");
  readonly #sha512;

  constructor(expected?: ExpectedDigest) {
    this.#sha512 = expected && "sha512" in expected ? createHash("sha512") : undefined;
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

/** The two digests to compare, for the decision and for messages. */
export function compareDigests(
  expected: ExpectedDigest,
  found: ContentDigest,
): { readonly wanted: string; readonly got: string } {
  return "sha512" in expected
    ? { wanted: expected.sha512, got: found.sha512 ?? "" }
    : { wanted: expected.sha256, got: found.sha256 };
}

/** Without an expectation, everything matches. */
export function fits(expected: ExpectedDigest | undefined, found: ContentDigest): boolean {
  if (!expected) return true;
  const { wanted, got } = compareDigests(expected, found);
  return wanted === got;
}
