import { createReadStream } from "node:fs";
import { mkdir, readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createHash } from "node:crypto";
import { pipeline } from "node:stream/promises";
import type { LocalFile } from "../../contract/artifact.ts";
import { debianFileNames, type DebianFileName } from "./artifact-files.ts";
import type { DebianPaths } from "./paths.ts";

interface Seen {
  readonly size: number;
  readonly mtimeMs: number;
  readonly ino: number;
  readonly sha256: string;
}
type Memo = Readonly<Record<string, Seen>>;

/**
 * The files of the tree whose content matches SHA256SUMS; one that differs or is missing is left out. Content is read only
 * when size, time or inode changed since it was last read, so an untouched tree costs a few milliseconds.
 */
export async function verifiedFiles(
  paths: DebianPaths,
  signal: AbortSignal,
): Promise<ReadonlyMap<DebianFileName, LocalFile>> {
  const sums = parseSums(await readFile(paths.sums, "utf8").catch(() => ""));
  const memo = await readMemo(paths.memo);
  const seen: Record<string, Seen> = {};
  const verified = new Map<DebianFileName, LocalFile>();
  for (const name of debianFileNames) {
    const wanted = sums.get(name);
    const found =
      wanted === undefined ? undefined : await look(join(paths.artifacts, name), memo[name], signal);
    if (!found || found.sha256 !== wanted) continue;
    seen[name] = found;
    verified.set(name, {
      file: join(paths.artifacts, name),
      sha256: found.sha256,
      size: found.size,
    });
  }
  if (verified.size > 0 && JSON.stringify(seen) !== JSON.stringify(memo))
    await write(paths.memo, JSON.stringify(seen)).catch(() => undefined); // a read-only cache only costs time
  return verified;
}

/** Hashes all files of the tree and writes SHA256SUMS by rename: from then on the tree counts as complete. */
export async function recordFiles(paths: DebianPaths, signal: AbortSignal): Promise<void> {
  const seen: Record<string, Seen> = {};
  for (const name of debianFileNames) {
    const found = await look(join(paths.artifacts, name), undefined, signal);
    if (!found) throw new TypeError(`the build did not make ${name}`);
    seen[name] = found;
  }
  const lines = Object.entries(seen).map(([name, { sha256 }]) => `${sha256}  ${name}\n`);
  await write(paths.memo, JSON.stringify(seen));
  await write(paths.sums, lines.join(""));
}

async function look(file: string, known: Seen | undefined, signal: AbortSignal): Promise<Seen | undefined> {
  const status = await stat(file).catch(() => undefined);
  if (!status?.isFile()) return undefined;
  const { size, mtimeMs, ino } = status;
  if (known?.size === size && known.mtimeMs === mtimeMs && known.ino === ino) return known;
  return { size, mtimeMs, ino, sha256: await sha256Of(file, signal) };
}

async function sha256Of(file: string, signal: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file, { highWaterMark: 1024 * 1024 }), hash, {
    signal,
  });
  return hash.digest("hex");
}

/** Lines of `sha256sum`: 64 hex digits, two spaces, name. */
export function parseSums(text: string): ReadonlyMap<string, string> {
  const sums = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [, digest, name] = /^([0-9a-f]{64}) [ *](\S+)$/.exec(line) ?? [];
    if (digest && name) sums.set(name, digest);
  }
  return sums;
}

async function readMemo(file: string): Promise<Memo> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as Memo;
  } catch {
    return {}; // absent or damaged: everything is hashed again
  }
}

async function write(file: string, text: string): Promise<void> {
  const { default: writeFileAtomic } = await import("write-file-atomic");
  await mkdir(dirname(file), { recursive: true });
  await writeFileAtomic(file, text);
}
