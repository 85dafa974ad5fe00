import { closeSync, fstatSync, openSync, readSync, writeSync } from "node:fs";
import { basename } from "node:path";

/** Sparse extents (VMware's "Virtual Disk Format"), with the descriptor inside: what qemu-img and VMware both write. */
const sector = 512;
const entryBytes = 4;

export interface Vmdk {
  readonly capacity: number;
  readonly extent: string;
  readonly adapter: string;
}

export function openVmdk(file: string): Vmdk {
  const fd = openSync(file, "r");
  try {
    const header = read(fd, 0, 80);
    if (header.toString("latin1", 0, 4) !== "KDMV") throw new Error(`${file} is no sparse VMDK`);
    const text = descriptor(fd, header);
    return {
      capacity: Number(header.readBigUInt64LE(12)),
      extent: /^RW \d+ SPARSE "([^"]+)"$/m.exec(text)?.[1] ?? "",
      adapter: /^ddb\.adapterType = "([^"]+)"$/m.exec(text)?.[1] ?? "",
    };
  } finally {
    closeSync(fd);
  }
}

/** Gives the descriptor the file's own name and the size that the header says. */
export function correctDescriptor(file: string): void {
  const fd = openSync(file, "r+");
  try {
    const header = read(fd, 0, 80);
    const line = `RW ${header.readBigUInt64LE(12)} SPARSE "${basename(file)}"`;
    const text = descriptor(fd, header).replace(/^RW .*$/m, line);
    const [start, length] = place(header);
    const padded = Buffer.alloc(length);
    padded.write(text, "utf8");
    writeSync(fd, padded, 0, length, start);
  } finally {
    closeSync(fd);
  }
}

/** Makes the disk larger: new tables for all of it, behind what is there. */
export function growVmdk(file: string, sectors: number): void {
  const fd = openSync(file, "r+");
  try {
    const header = read(fd, 0, 80);
    const had = Number(header.readBigUInt64LE(12));
    if (sectors < had) throw new Error("The disk cannot shrink");
    const perTable = header.readUInt32LE(44);
    const covered = Number(header.readBigUInt64LE(20)) * perTable;
    const [before, after] = [Math.ceil(had / covered), Math.ceil(sectors / covered)];
    const tableSectors = Math.ceil((perTable * entryBytes) / sector);
    const directorySectors = Math.ceil((after * entryBytes) / sector);
    let end = Math.ceil(fstatSync(fd).size / sector);
    for (const field of [48, 56]) {
      const old = read(fd, Number(header.readBigUInt64LE(field)) * sector, before * entryBytes);
      const whole = Buffer.alloc((directorySectors + (after - before) * tableSectors) * sector);
      old.copy(whole);
      for (let i = before; i < after; i++)
        whole.writeUInt32LE(end + directorySectors + (i - before) * tableSectors, i * entryBytes);
      writeSync(fd, whole, 0, whole.length, end * sector);
      header.writeBigUInt64LE(BigInt(end), field);
      end += whole.length / sector;
    }
    header.writeBigUInt64LE(BigInt(sectors), 12);
    writeSync(fd, header, 0, header.length, 0);
  } finally {
    closeSync(fd);
  }
  correctDescriptor(file);
}

const place = (header: Buffer): [number, number] => [
  Number(header.readBigUInt64LE(28)) * sector,
  Number(header.readBigUInt64LE(36)) * sector,
];

function descriptor(fd: number, header: Buffer): string {
  const [start, length] = place(header);
  return read(fd, start, length).toString("utf8").replaceAll("\0", "");
}

function read(fd: number, at: number, length: number): Buffer {
  const buffer = Buffer.alloc(length);
  readSync(fd, buffer, 0, length, at);
  return buffer;
}
