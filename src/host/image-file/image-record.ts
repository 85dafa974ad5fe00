import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { basename } from "node:path";
import { pipeline } from "node:stream/promises";
import type { RunContext } from "../../contract/host.ts";

interface FileFacts {
  readonly sha256: string;
  readonly size: number;
  /** State of the file when it had that digest; if unchanged, the file is assumed to be intact. */
  readonly mtimeMs: number;
}

/** `<file>.json`; drivers read `sha256` before they import the file. */
interface ImageRecord extends FileFacts {
  /** Files that belong to the image (a disk's kernel and initramfs), by file name; missing in records from before they were noted. */
  readonly beside?: Readonly<Record<string, FileFacts>>;
}

const recordOf = (file: string): string => `${file}.json`;

/**
 * Writes the record of a finished build, before the file gets its final name: a record without a file is ignored, a file without a
 * record is not a valid image. `beside` are files that belong to it and have their final names already. Returns the digest.
 */
export async function recordImage(
  built: string,
  file: string,
  c: RunContext,
  beside: readonly string[] = [],
): Promise<string> {
  const { default: writeFileAtomic } = await import("write-file-atomic");
  const facts = await factsOf(built, c.signal);
  const others = await Promise.all(
    beside.map(async (other) => [basename(other), await factsOf(other, c.signal)] as const),
  );
  const record: ImageRecord = { ...facts, ...(others.length ? { beside: Object.fromEntries(others) } : {}) };
  await writeFileAtomic(recordOf(file), `${JSON.stringify(record)}\n`);
  return facts.sha256;
}

/** Whether the file, and those `beside` it, are what was built. Costs a `stat` each; one that was touched or copied since is read again. */
export async function isWhole(file: string, beside: readonly string[] = []): Promise<boolean> {
  try {
    const record = JSON.parse(await readFile(recordOf(file), "utf8")) as ImageRecord;
    for (const [path, facts] of [
      [file, record] as const,
      ...beside.map((other) => [other, record.beside?.[basename(other)]] as const),
    ])
      if (!(await isAsRecorded(path, facts))) return false;
    return true;
  } catch {
    return false; // an unreadable file counts as missing; building it reports the reason
  }
}

/** Rejects when the file does not exist. */
async function isAsRecorded(file: string, facts: FileFacts | undefined): Promise<boolean> {
  const { size, mtimeMs } = await stat(file);
  if (!facts) return true;
  if (size !== facts.size) return false;
  return mtimeMs === facts.mtimeMs || (await digest(file)) === facts.sha256;
}

async function factsOf(file: string, signal: AbortSignal): Promise<FileFacts> {
  const sha256 = await digest(file, signal);
  const { size, mtimeMs } = await stat(file);
  return { sha256, size, mtimeMs };
}

async function digest(file: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  const content = createReadStream(file, { highWaterMark: 1 << 20 });
  await pipeline(content, hash, signal ? { signal } : {});
  return hash.digest("hex");
}
