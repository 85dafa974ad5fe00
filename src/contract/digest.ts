/** A digest of content: of a file, a manifest, an image. Publishers give one or the other algorithm. */
export interface Digest {
  readonly algorithm: "sha256" | "sha512";
  /** Lower case. */
  readonly hex: string;
}

/** How many hex digits each algorithm gives. */
export const hexDigits: Readonly<Record<Digest["algorithm"], number>> = { sha256: 64, sha512: 128 };

export const sha256Digest = (hex: string): Digest => ({ algorithm: "sha256", hex });

/** Reads `sha256:<hex>` as registries and records write it; `undefined` for anything that is no such digest in full. Pure. */
export function parseDigest(text: string): Digest | undefined {
  const [, algorithm, hex = ""] = /^(sha256|sha512):([0-9a-f]+)$/.exec(text) ?? [];
  if (algorithm !== "sha256" && algorithm !== "sha512") return undefined;
  return hex.length === hexDigits[algorithm] ? { algorithm, hex } : undefined;
}

/** The inverse of `parseDigest`. */
export const formatDigest = ({ algorithm, hex }: Digest): string => `${algorithm}:${hex}`;

export const sameDigest = (a: Digest, b: Digest): boolean => a.algorithm === b.algorithm && a.hex === b.hex;
