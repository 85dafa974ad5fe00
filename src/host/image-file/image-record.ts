import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import type { RunContext } from "../../contract/host.ts";

/** `<file>.json`; drivers read `sha256` before they import the file. */
interface ImageRecord {
  readonly sha256: string;
  readonly size: number;
  /** State of the file when it had that digest; if unchanged, the file is assumed to be intact. */
  readonly mtimeMs: number;
}

const recordOf = (file: string): string => `${file}.json`;

/**
 * Writes the record of a finished build, before the file gets its final name: a record without a file is ignored, a file without a
 * record is not a valid image. Returns the digest.
 */
export async function recordImage(built: string, file: string, c: RunContext): Promise<string> {
  const { default: writeFileAtomic } = await import("write-file-atomic");
  const sha256 = await digest(built, c.signal);
  const { size, mtimeMs } = await stat(built);
  const record: ImageRecord = { sha256, size, mtimeMs };
  await writeFileAtomic(recordOf(file), `${JSON.stringify(record)}\n`);
  return sha256;
}

/** Whether the file is what was built. Costs a `stat`; a file that was touched or copied since is read again. */
export async function isWhole(file: string): Promise<boolean> {
  try {
    const record = JSON.parse(await readFile(recordOf(file), "utf8")) as ImageRecord;
    const { size, mtimeMs } = await stat(file);
    if (size !== record.size) return false;
    return mtimeMs === record.mtimeMs || (await digest(file)) === record.sha256;
  } catch {
    return false; // an unreadable file counts as missing; building it reports the reason
  }
}

async function digest(file: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  const content = createReadStream(file, { highWaterMark: 1 << 20 });
  await pipeline(content, hash, signal ? { signal } : {});
  return hash.digest("hex");
}
