import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import type { RunContext } from "../../contract/host.ts";

/** `<file>.json`; drivers read `sha256` before they import the file. */
interface ImageRecord {
  readonly sha256: string;
  readonly size: number;
  /** Of the file when it had that digest; unchanged since then is taken for whole. */
  readonly mtimeMs: number;
}

const recordOf = (file: string): string => `${file}.json`;

/**
 * Writes the record of a finished build, before the file gets its name: a record without its file is none, a file without its record
 * is no image. Returns the digest.
 */
export async function recordImage(built: string, file: string, c: RunContext): Promise<string> {
  const { default: writeFileAtomic } = await import("write-file-atomic");
  const sha256 = await digest(built, c.signal);
  const { size, mtimeMs } = await stat(built);
  const record: ImageRecord = { sha256, size, mtimeMs };
  await writeFileAtomic(recordOf(file), `${JSON.stringify(record)}\n`);
  return sha256;
}

/** Whether the file is what was built. Costs a `stat`; one that was touched or copied since then is read again. */
export async function isWhole(file: string): Promise<boolean> {
  try {
    const record = JSON.parse(await readFile(recordOf(file), "utf8")) as ImageRecord;
    const { size, mtimeMs } = await stat(file);
    if (size !== record.size) return false;
    return mtimeMs === record.mtimeMs || (await digest(file)) === record.sha256;
  } catch {
    return false; // whatever cannot be read counts as not there; building it says why
  }
}

async function digest(file: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  const content = createReadStream(file, { highWaterMark: 1 << 20 });
  await pipeline(content, hash, signal ? { signal } : {});
  return hash.digest("hex");
}
