import type { ExpectedDigest } from "../content-digest.ts";

/** `sha512:<hex>`, as RemoteDisk speaks of digests. */
export const digestText = (digest: ExpectedDigest): string =>
  "sha512" in digest ? `sha512:${digest.sha512}` : `sha256:${digest.sha256}`;

/** The inverse; throws a plain Error for anything that `digestText` did not produce. */
export function expectedDigest(text: string): ExpectedDigest {
  const [, algorithm, hex = ""] = /^(sha256|sha512):([0-9a-f]+)$/.exec(text) ?? [];
  if (algorithm === undefined) throw new Error(`no digest: ${text}`);
  return algorithm === "sha512" ? { sha512: hex } : { sha256: hex };
}
