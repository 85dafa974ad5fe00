import { both16, both32, record, sectorSize } from "./directory.ts";

export interface Volume {
  readonly label: string;
  /** Sectors of the whole image. */
  readonly total: number;
  readonly pathTableSector: number;
  readonly rootSector: number;
  readonly rootSectors: number;
}

/** ECMA-119 8.4: the primary volume descriptor. Dates are "not specified", so that equal content gives equal bytes. */
export function volumeDescriptor({ label, total, pathTableSector, rootSector, rootSectors }: Volume): Buffer {
  const bytes = Buffer.alloc(sectorSize);
  bytes[0] = 1;
  bytes.write("CD001", 1);
  bytes[6] = 1;
  bytes.fill(" ", 8, 72);
  bytes.write(label, 40);
  both32(bytes, 80, total);
  both16(bytes, 120, 1);
  both16(bytes, 124, 1);
  both16(bytes, 128, sectorSize);
  both32(bytes, 132, pathTableSize);
  bytes.writeUInt32LE(pathTableSector, 140);
  bytes.writeUInt32BE(pathTableSector + 1, 148);
  record(Buffer.from([0]), { sector: rootSector, size: rootSectors * sectorSize, folder: true }, []).copy(
    bytes,
    156,
  );
  bytes.fill(" ", 190, 813);
  for (const at of [813, 830, 847, 864]) bytes.fill("0", at, at + 16);
  bytes[881] = 1;
  return bytes;
}

/** ECMA-119 8.3. */
export function terminator(): Buffer {
  const bytes = Buffer.alloc(sectorSize);
  bytes[0] = 255;
  bytes.write("CD001", 1);
  bytes[6] = 1;
  return bytes;
}

const pathTableSize = 10;

/** ECMA-119 9.4: only the root. */
export function pathTable(rootSector: number, order: "little" | "big"): Buffer {
  const bytes = Buffer.alloc(sectorSize);
  bytes[0] = 1;
  if (order === "little") bytes.writeUInt32LE(rootSector, 2);
  else bytes.writeUInt32BE(rootSector, 2);
  if (order === "little") bytes.writeUInt16LE(1, 6);
  else bytes.writeUInt16BE(1, 6);
  return bytes;
}
