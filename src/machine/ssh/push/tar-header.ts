const tarBlockBytes = 512;
/** Largest file that a plain ustar header can describe, in bytes. */
export const tarFileLimit = 0o77777777777;
/** Two empty blocks end an archive. */
export const tarEnd = Buffer.alloc(2 * tarBlockBytes);

/**
 * The ustar header of one of root's files. Our member names are short and ASCII, so one block is enough; as bytes instead of a
 * library's stream, it lets a push be aborted anywhere with no file left open.
 */
export function tarHeader(name: string, mode: number, size: number): Buffer {
  const header = Buffer.alloc(tarBlockBytes);
  const number = (value: number, offset: number, digits: number) =>
    header.write(value.toString(8).padStart(digits, "0"), offset, "latin1");
  header.write(name, 0, 100, "latin1");
  number(mode, 100, 7);
  number(0, 108, 7); // uid
  number(0, 116, 7); // gid
  number(size, 124, 11);
  number(0, 136, 11); // mtime: the guest sets its own
  header.write("        ", 148, "latin1"); // the checksum counts its own field as blanks
  header.write("0", 156, "latin1"); // a regular file
  header.write("ustar\u000000", 257, "latin1");
  number(
    header.reduce((sum, byte) => sum + byte, 0),
    148,
    6,
  );
  header.write("\u0000 ", 154, "latin1");
  return header;
}

/** Bytes after a file's content that fill its last block. */
export const tarPadding = (size: number): Buffer =>
  Buffer.alloc((tarBlockBytes - (size % tarBlockBytes)) % tarBlockBytes);
