export const sectorSize = 2048;
export const sectorsOf = (bytes: number): number => Math.ceil(bytes / sectorSize);

/** A file at its place in the image. */
export interface IsoFile {
  readonly name: string;
  readonly sector: number;
  /** Bytes. */
  readonly size: number;
}

const isFolder = 0o040_555;
const isFile = 0o100_444;

/** The root folder's sectors: itself, its parent (itself again), its files. Records never cross a sector's end (ECMA-119 6.8.1.1). */
export function dirRecords(rootSector: number, rootSectors: number, files: readonly IsoFile[]): Buffer {
  const size = rootSectors * sectorSize;
  const folder = { sector: rootSector, size, folder: true };
  const records = [
    record(Buffer.from([0]), folder, [sharingProtocol, rockRidge, attributes(isFolder, 1)]),
    record(Buffer.from([1]), folder, [attributes(isFolder, 1)]),
    ...files.map(({ name, sector, size: bytes }, index) =>
      record(Buffer.from(plainName(index)), { sector, size: bytes, folder: false }, [
        attributes(isFile, index + 2),
        realName(name),
      ]),
    ),
  ];
  const sectors: Buffer[] = [];
  let room = 0;
  for (const bytes of records) {
    if (bytes.length > room) {
      sectors.push(Buffer.alloc(room));
      room = sectorSize;
    }
    sectors.push(bytes);
    room -= bytes.length;
  }
  return Buffer.concat([...sectors, Buffer.alloc(room)]);
}

/** The name seen by a reader without Rock Ridge; sorted as ECMA-119 requires because the index is. */
const plainName = (index: number): string => `F${String(index).padStart(7, "0")}.;1`;

interface Extent {
  readonly sector: number;
  readonly size: number;
  readonly folder: boolean;
}

/** ECMA-119 9.1. */
export function record(name: Buffer, { sector, size, folder }: Extent, system: readonly Buffer[]): Buffer {
  const nameEnd = 33 + name.length;
  const fixed = nameEnd + (nameEnd % 2);
  const use = Buffer.concat(system);
  const bytes = Buffer.alloc(fixed + use.length + (use.length % 2));
  bytes[0] = bytes.length;
  both32(bytes, 2, sector);
  both32(bytes, 10, size);
  Buffer.from([70, 1, 1, 0, 0, 0, 0]).copy(bytes, 18);
  bytes[25] = folder ? 2 : 0;
  both16(bytes, 28, 1);
  bytes[32] = name.length;
  name.copy(bytes, 33);
  use.copy(bytes, fixed);
  return bytes;
}

/** SUSP 5.3: indicates that system use fields are present. */
const sharingProtocol = Buffer.from([0x53, 0x50, 7, 1, 0xbe, 0xef, 0]);

/** SUSP 5.5, without the human-readable texts: with them a folder's own record would be longer than a record can be. */
const rockRidge = Buffer.concat([Buffer.from([0x45, 0x52, 18, 1, 10, 0, 0, 1]), Buffer.from("IEEE_P1282")]);

/** RRIP 4.1.1: mode, links, owner root, serial number. libarchive treats files with equal serial numbers as hard links of one another. */
function attributes(mode: number, serial: number): Buffer {
  const bytes = Buffer.alloc(44);
  Buffer.from([0x50, 0x58, 44, 1]).copy(bytes);
  both32(bytes, 4, mode);
  both32(bytes, 12, mode === isFolder ? 2 : 1);
  both32(bytes, 36, serial);
  return bytes;
}

/** RRIP 4.1.4. */
const realName = (name: string): Buffer =>
  Buffer.concat([Buffer.from([0x4e, 0x4d, 5 + name.length, 1, 0]), Buffer.from(name)]);

/** Both byte orders, one after the other (ECMA-119 7.3.3, 7.2.3). */
export function both32(bytes: Buffer, at: number, value: number): void {
  bytes.writeUInt32LE(value, at);
  bytes.writeUInt32BE(value, at + 4);
}

export function both16(bytes: Buffer, at: number, value: number): void {
  bytes.writeUInt16LE(value, at);
  bytes.writeUInt16BE(value, at + 2);
}
