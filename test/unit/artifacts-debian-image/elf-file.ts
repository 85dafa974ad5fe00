/** Bytes of a 64-bit little-endian ELF file with just what a dynamic linker reads, and at other addresses in memory than in the file. */
export function elfFile(
  needs: {
    readonly interpreter?: string;
    readonly libraries?: readonly string[];
    readonly runpath?: string;
  } = {},
): Buffer {
  const { interpreter, libraries = [], runpath } = needs;
  const inMemory = 0x40_0000;
  const segments = interpreter === undefined ? 2 : 3;
  const start = 64 + segments * 56;
  let strings = "\0";
  const place = (text: string): number => {
    const at = strings.length;
    strings += `${text}\0`;
    return at;
  };
  const entries: (readonly [number, number])[] = libraries.map((name) => [1, place(name)]);
  if (runpath !== undefined) entries.push([29, place(runpath)]);
  const program = Buffer.from(`${interpreter ?? ""}\0`);
  const stringsAt = start + program.length;
  const dynamicAt = stringsAt + strings.length;
  entries.push([5, inMemory + stringsAt], [0, 0], [1, 0xffff]);
  const dynamic = Buffer.alloc(entries.length * 16);
  entries.forEach(([tag, value], index) => {
    dynamic.writeBigUInt64LE(BigInt(tag), index * 16);
    dynamic.writeBigUInt64LE(BigInt(value), index * 16 + 8);
  });
  const header = Buffer.alloc(start);
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  header.writeBigUInt64LE(64n, 32);
  header.writeUInt16LE(segments, 56);
  const table: [number, number, number][] = [
    [1, 0, dynamicAt + dynamic.length],
    [2, dynamicAt, dynamic.length],
  ];
  if (interpreter !== undefined) table.push([3, start, program.length]);
  table.forEach(([type, offset, size], index) => {
    const at = 64 + index * 56;
    header.writeUInt32LE(type, at);
    header.writeBigUInt64LE(BigInt(offset), at + 8);
    header.writeBigUInt64LE(BigInt(inMemory + offset), at + 16);
    header.writeBigUInt64LE(BigInt(size), at + 32);
  });
  return Buffer.concat([header, program, Buffer.from(strings, "latin1"), dynamic]);
}
