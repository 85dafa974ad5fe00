import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, open, rename, rm, stat } from "node:fs/promises";
import { dirRecords, type IsoFile, sectorSize, sectorsOf } from "./directory.ts";
import { pathTable, terminator, volumeDescriptor } from "./descriptors.ts";

export interface IsoEntry {
  /** Name in the root folder; letters, digits, `.`, `_` and `-`, at most 80 characters. */
  readonly name: string;
  readonly content: string | Uint8Array | IsoSource;
}

/** A file on the host; if its digest (SHA-256, hex) is given, the image is created with exactly that content or not at all. */
interface IsoSource {
  readonly file: string;
  readonly sha256?: string;
}

export interface IsoOptions {
  /** Volume label, at most 32 of A–Z, a–z, 0–9, `_` and `-`. */
  readonly label: string;
  /** Mode of the image file; 0o600 where it carries secrets. */
  readonly mode?: number;
  readonly signal?: AbortSignal;
}

const descriptorSector = 16;
const pathTableSector = 18;
const rootSector = 20;
/** An extent's length has 32 bits. */
const largest = 0xffff_f800;

/**
 * Writes an ISO 9660 image with Rock Ridge names (ECMA-119, IEEE P1282): one folder of files, which is all that seeds and artifact volumes
 * need. Equal entries give equal bytes. The file appears completely or not at all. Rejects names it cannot represent, files of 4 GiB or
 * more, and files that do not match their digest.
 */
export async function writeIso(
  file: string,
  entries: readonly IsoEntry[],
  { label, mode = 0o644, signal }: IsoOptions,
): Promise<void> {
  if (!/^[\w-]{1,32}$/.test(label)) throw new Error(`not a volume label: ${label}`);
  const sized = await Promise.all(entries.map(measure));
  const sorted = sized.sort((a, b) => (a.name < b.name ? -1 : 1));
  const rootSectors = sectorsOf(dirRecords(rootSector, 0, place(sorted, 0)).length);
  const placed = place(sorted, rootSector + rootSectors);
  const total = placed.reduce(
    (end, { sector, size }) => Math.max(end, sector + sectorsOf(size)),
    rootSector + rootSectors,
  );
  const partial = `${file}.${process.pid}.partial`;
  // A file left by a killed process with the same process id would keep its mode.
  await rm(partial, { force: true });
  const output = await open(partial, "wx", mode);
  try {
    const volume = { label, total, pathTableSector, rootSector, rootSectors };
    await writeAt(output, descriptorSector, volumeDescriptor(volume));
    await writeAt(output, descriptorSector + 1, terminator());
    await writeAt(output, pathTableSector, pathTable(rootSector, "little"));
    await writeAt(output, pathTableSector + 1, pathTable(rootSector, "big"));
    await writeAt(output, rootSector, dirRecords(rootSector, rootSectors, placed));
    for (const entry of placed) {
      signal?.throwIfAborted();
      await writeContent(output, entry, signal);
    }
    await output.truncate(total * sectorSize);
    await output.sync();
    await output.close();
    await rename(partial, file);
  } catch (error) {
    await output.close().catch(() => undefined);
    await rm(partial, { force: true });
    throw error;
  }
}

async function measure({ name, content }: IsoEntry): Promise<IsoEntry & { size: number }> {
  if (!/^[\w.-]{1,80}$/.test(name) || name.startsWith("."))
    throw new Error(`not a name for an ISO image: ${name}`);
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  const size = "file" in bytes ? (await stat(bytes.file)).size : bytes.length;
  if (size > largest) throw new Error(`${name} is too large for an ISO image: ${size} bytes`);
  return { name, content: bytes, size };
}

/** Files one after the other, starting at that sector; an empty file needs no sector. */
function place(entries: readonly (IsoEntry & { size: number })[], first: number): (IsoEntry & IsoFile)[] {
  let sector = first;
  return entries.map((entry) => {
    const placed = { ...entry, sector };
    sector += sectorsOf(entry.size);
    return placed;
  });
}

/** A `write` may write less than requested, for instance when the disk is nearly full. */
async function writeAt(output: FileHandle, sector: number, bytes: Uint8Array, offset = 0): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const at = sector * sectorSize + offset + done;
    const { bytesWritten } = await output.write(bytes, done, bytes.length - done, at);
    done += bytesWritten;
  }
}

async function writeContent(
  output: FileHandle,
  { name, content, sector, size }: IsoEntry & IsoFile,
  signal?: AbortSignal,
): Promise<void> {
  const wanted = typeof content === "object" && "file" in content ? content.sha256 : undefined;
  const hash = wanted === undefined ? undefined : createHash("sha256");
  let done = 0;
  for await (const chunk of contentOf(content, signal)) {
    hash?.update(chunk);
    await writeAt(output, sector, chunk, done);
    done += chunk.length;
  }
  if (done !== size) throw new Error(`${name} changed while it was read`);
  if (hash && hash.digest("hex") !== wanted) throw new Error(`${name} is not the file with that digest`);
}

async function* contentOf(content: IsoEntry["content"], signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  if (typeof content === "string") yield Buffer.from(content);
  else if (content instanceof Uint8Array) yield content;
  else
    for await (const chunk of createReadStream(content.file, {
      highWaterMark: 1 << 20,
      ...(signal ? { signal } : {}),
    }))
      yield chunk as Buffer;
}
