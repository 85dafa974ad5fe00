/**
 * Digest of `name` in a companion file: either nothing but the digest (`kubelet.sha256`) or lines of `sha256sum`
 * (`<hex>  <name>`, as in SHA256SUMS). `undefined` when it is not there.
 */
export function companionDigest(text: string, name: string): string | undefined {
  const lines = text
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
  const [first = ""] = lines;
  if (lines.length === 1 && /^[0-9a-f]{64}$/i.test(first)) return first.toLowerCase();
  for (const line of lines) {
    const [, digest, file] = /^([0-9a-f]{64})\s+[*]?(?:\.\/)?(.+)$/i.exec(line) ?? [];
    if (file === name) return digest?.toLowerCase();
  }
  return undefined;
}
