import type { ExpectedDigest } from "./content-digest.ts";

/** By their length in hex digits; MD5 and SHA-1, which some tables hold too, prove nothing. */
const algorithms: Readonly<Record<number, "sha256" | "sha512">> = { 64: "sha256", 128: "sha512" };

/**
 * Digest of `name` in a companion file: nothing but the digest (`kubelet.sha256`), lines of `sha256sum` or `sha512sum` (`<hex>  <name>`, as
 * in SHA256SUMS), or Flatcar's DIGESTS, where a line `# SHA512 HASH` says what follows. `undefined` when there is none.
 */
export function companionDigest(text: string, name: string): ExpectedDigest | undefined {
  const lines = text
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
  const [first = ""] = lines;
  if (lines.length === 1 && /^[0-9a-f]+$/i.test(first)) return digestOf(first);
  let heading = "";
  for (const line of lines) {
    heading = /^#\s*(\S+) HASH$/i.exec(line)?.[1]?.toLowerCase() ?? heading;
    const [, hex = "", file] = /^([0-9a-f]+)\s+[*]?(?:\.\/)?(.+)$/i.exec(line) ?? [];
    if (file === name && (heading === "" || heading === algorithms[hex.length])) {
      const digest = digestOf(hex);
      if (digest) return digest;
    }
  }
  return undefined;
}

function digestOf(hex: string): ExpectedDigest | undefined {
  const algorithm = algorithms[hex.length];
  if (algorithm === undefined) return undefined;
  return algorithm === "sha512" ? { sha512: hex.toLowerCase() } : { sha256: hex.toLowerCase() };
}
