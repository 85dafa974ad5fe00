import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** A mirror's table of contents, in the form of `sha256sum`, so that `sha256sum -c` checks it without us. */
const sumsFile = (folder: string): string => join(folder, "SHA256SUMS");

/** Digests by path; empty when there is no table. */
export async function readSums(folder: string): Promise<Map<string, string>> {
  const text = await readFile(sumsFile(folder), "utf8").catch(() => "");
  const sums = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [, sha256, path] = /^([0-9a-f]{64}) [ *](.+)$/.exec(line) ?? [];
    if (sha256 && path) sums.set(path, sha256);
  }
  return sums;
}

export async function writeSums(folder: string, sums: ReadonlyMap<string, string>): Promise<void> {
  const { default: writeFileAtomic } = await import("write-file-atomic");
  const lines = [...sums]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, sha256]) => `${sha256}  ${path}\n`);
  await writeFileAtomic(sumsFile(folder), lines.join(""));
}
