import { type FileHandle, open } from "node:fs/promises";

/** What a dynamic linker is told by a program or a library. */
export interface ElfNeeds {
  /** The linker itself, an absolute path; only programs have one. */
  readonly interpreter?: string;
  /** Names of libraries, `libc.so.6`. */
  readonly libraries: readonly string[];
  /** Folders in which they are looked for first; `$ORIGIN` stands for the file's own. */
  readonly folders: readonly string[];
}

const headerSize = 64;
const segmentSize = 56;
const types = { load: 1, dynamic: 2, interpreter: 3 };
const tags = { end: 0, needed: 1, strings: 5, rpath: 15, runpath: 29 };

/** Reads the needs of a 64-bit little-endian ELF file, as amd64 and arm64 have them; undefined when the file is something else. Read-only. */
export async function elfNeeds(file: string): Promise<ElfNeeds | undefined> {
  const handle = await open(file);
  try {
    const header = await bytes(handle, 0, headerSize);
    if (header.length < headerSize || header.readUInt32BE(0) !== 0x7f454c46) return undefined;
    if (header[4] !== 2 || header[5] !== 1) return undefined;
    return await needs(handle, await segmentsOf(handle, header));
  } finally {
    await handle.close();
  }
}

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly size: number;
}

async function segmentsOf(handle: FileHandle, header: Buffer): Promise<readonly Segment[]> {
  const table = await bytes(handle, number(header, 32), header.readUInt16LE(56) * segmentSize);
  const count = Math.floor(table.length / segmentSize);
  return Array.from({ length: count }, (_, index) => {
    const at = index * segmentSize;
    return {
      type: table.readUInt32LE(at),
      offset: number(table, at + 8),
      address: number(table, at + 16),
      size: number(table, at + 32),
    };
  });
}

async function needs(handle: FileHandle, segments: readonly Segment[]): Promise<ElfNeeds> {
  const content = async (type: number): Promise<Buffer | undefined> => {
    const found = segments.find((segment) => segment.type === type);
    return found && (await bytes(handle, found.offset, found.size));
  };
  const interpreter = (await content(types.interpreter))?.toString("latin1").replace(/\0.*$/s, "");
  const table = (await content(types.dynamic)) ?? Buffer.alloc(0);
  const entries: { readonly tag: number; readonly value: number }[] = [];
  for (let at = 0; at + 16 <= table.length; at += 16) {
    const tag = number(table, at);
    if (tag === tags.end) break;
    entries.push({ tag, value: number(table, at + 8) });
  }
  const strings = entries.find(({ tag }) => tag === tags.strings)?.value ?? 0;
  const texts = (...wanted: number[]): Promise<string[]> =>
    Promise.all(
      entries
        .filter(({ tag }) => wanted.includes(tag))
        .map(({ value }) => text(handle, offsetOf(strings, segments) + value)),
    );
  return {
    ...(interpreter === undefined ? {} : { interpreter }),
    libraries: await texts(tags.needed),
    folders: (await texts(tags.rpath, tags.runpath)).flatMap((path) => path.split(":").filter(Boolean)),
  };
}

/** Addresses are those in memory; the file has them somewhere else. */
function offsetOf(address: number, segments: readonly Segment[]): number {
  const inside = segments.find(
    (one) => one.type === types.load && one.address <= address && address < one.address + one.size,
  );
  return inside === undefined ? address : address - inside.address + inside.offset;
}

const longestText = 4096;

const text = async (handle: FileHandle, offset: number): Promise<string> =>
  (await bytes(handle, offset, longestText)).toString("latin1").replace(/\0.*$/s, "");

async function bytes(handle: FileHandle, offset: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await handle.read(buffer, 0, length, offset);
  return buffer.subarray(0, bytesRead);
}

/** Tags with the high bit set are of no interest here, so what a double cannot hold does no harm. */
const number = (buffer: Buffer, at: number): number => Number(buffer.readBigUInt64LE(at));
