import { type Digest, hexDigits } from "../contract/digest.ts";

/**
 * Digest of `name` in a companion file: nothing but the digest (`kubelet.sha256`), lines of `sha256sum` or `sha512sum` (`<hex>  <name>`, as
 * in SHA256SUMS), or Flatcar's DIGESTS, where a line `# SHA512 HASH` says what follows. `undefined` when there is none.
 */
export function companionDigest(text: string, name: string): Digest | undefined {
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
    const digest = file === name ? digestOf(hex) : undefined;
    if (digest && (heading === "" || heading === digest.algorithm)) return digest;
  }
  return undefined;
}

/** By its length; MD5 and SHA-1, which some tables hold too, prove nothing. */
function digestOf(hex: string): Digest | undefined {
  const algorithm = (["sha256", "sha512"] as const).find((name) => hexDigits[name] === hex.length);
  return algorithm && { algorithm, hex: hex.toLowerCase() };
}
