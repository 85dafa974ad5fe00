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
  /** Digest of the file this one was converted from. */
  readonly from?: string;
}

const recordOf = (file: string): string => `${file}.json`;

const readRecord = async (file: string): Promise<ImageRecord> =>
  JSON.parse(await readFile(recordOf(file), "utf8")) as ImageRecord;

/** What was built, under the names that it has until all of it is complete. */
export interface BuiltImage {
  readonly file: string;
  /** Files that belong to it, by their final path. */
  readonly beside?: Readonly<Record<string, string>>;
}

/**
 * Writes the record of a finished build, before the files get their final names: a record without a file is ignored, a file that is not the
 * recorded one is not a valid image. `from` is the digest of the file it was converted from. Returns the digest.
 */
export async function recordImage(
  { file: built, beside = {} }: BuiltImage,
  file: string,
  c: RunContext,
  from?: string,
): Promise<string> {
  const { default: writeFileAtomic } = await import("write-file-atomic");
  const facts = await factsOf(built, c.signal);
  const others = await Promise.all(
    Object.entries(beside).map(
      async ([other, made]) => [basename(other), await factsOf(made, c.signal)] as const,
    ),
  );
  const record: ImageRecord = {
    ...facts,
    ...(others.length ? { beside: Object.fromEntries(others) } : {}),
    ...(from === undefined ? {} : { from }),
  };
  await writeFileAtomic(recordOf(file), `${JSON.stringify(record)}\n`);
  return facts.sha256;
}

/** SHA-256 (hex) that the file's record gives; undefined without a readable record. */
export const recordedDigest = (file: string): Promise<string | undefined> =>
  readRecord(file).then(
    ({ sha256 }) => sha256,
    () => undefined,
  );

/** When the file was built, in milliseconds since 1970; undefined without a readable record. */
export const builtAt = (file: string): Promise<number | undefined> =>
  readRecord(file).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  );

/**
 * Whether the file, and those `beside` it, are what was built, and, if given, from the file with the digest `from`. Costs a `stat` each; one
 * that was touched or copied since is read again.
 */
export async function isWhole(file: string, beside: readonly string[] = [], from?: string): Promise<boolean> {
  try {
    const record = await readRecord(file);
    if (from !== undefined && record.from !== from) return false;
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
