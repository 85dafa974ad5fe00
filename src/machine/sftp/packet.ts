/** Types of packets of SFTP version 3 (draft-ietf-secsh-filexfer-02). */
export const request = {
  init: 1,
  open: 3,
  close: 4,
  read: 5,
  write: 6,
  lstat: 7,
  fstat: 8,
  setstat: 9,
  fsetstat: 10,
  opendir: 11,
  readdir: 12,
  remove: 13,
  mkdir: 14,
  rmdir: 15,
  realpath: 16,
  stat: 17,
  rename: 18,
  readlink: 19,
  symlink: 20,
  extended: 200,
} as const;

const response = { version: 2, status: 101, handle: 102, data: 103, name: 104, attrs: 105, extended: 201 };

/** What a request says of a file's attributes; absent: nothing. Times in seconds. */
export interface WishedAttributes {
  readonly size?: number;
  readonly owner?: { readonly uid: number; readonly gid: number };
  readonly mode?: number;
  readonly times?: { readonly accessed: number; readonly modified: number };
}

export type FileAttributes = Required<WishedAttributes>;

const has = { size: 1, owner: 2, mode: 4, times: 8, extended: 0x80000000 } as const;

/** Reads the fields of one packet in order. Throws RangeError behind its end. Names are bytes: a file system knows no encoding. */
export class PacketReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  byte(): number {
    return this.#bytes.readUInt8(this.#take(1));
  }

  number(): number {
    return this.#bytes.readUInt32BE(this.#take(4));
  }

  /** Offsets and sizes beyond 2^53 are in no file. */
  long(): number {
    return Number(this.#bytes.readBigUInt64BE(this.#take(8)));
  }

  /** Shares memory with the packet. */
  bytes(): Buffer {
    const length = this.number();
    const at = this.#take(length);
    if (this.#at > this.#bytes.length) throw new RangeError("a field is longer than its packet");
    return this.#bytes.subarray(at, at + length);
  }

  attributes(): WishedAttributes {
    const flags = this.number();
    return {
      ...(flags & has.size ? { size: this.long() } : {}),
      ...(flags & has.owner ? { owner: { uid: this.number(), gid: this.number() } } : {}),
      ...(flags & has.mode ? { mode: this.number() } : {}),
      ...(flags & has.times ? { times: { accessed: this.number(), modified: this.number() } } : {}),
    };
  }

  #take(count: number): number {
    const at = this.#at;
    this.#at += count;
    return at;
  }
}

const number = (value: number): Buffer => {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
};

const long = (value: number | bigint): Buffer => {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigUInt64BE(BigInt.asUintN(64, BigInt(value)));
  return bytes;
};

const field = (value: Buffer | string): Buffer[] => {
  const bytes = typeof value === "string" ? Buffer.from(value) : value;
  return [number(bytes.length), bytes];
};

const attributes = ({ size, owner, mode, times }: FileAttributes): Buffer[] => [
  number(has.size | has.owner | has.mode | has.times),
  long(size),
  ...[owner.uid, owner.gid, mode, times.accessed, times.modified].map(number),
];

function packet(type: number, parts: readonly Buffer[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 1);
  return Buffer.concat([number(length), Buffer.of(type), ...parts]);
}

export interface NamedFile {
  readonly name: Buffer;
  readonly attributes: FileAttributes;
}

/** The answers of a server, each with the number of the request it answers. */
export const answer = {
  version: (extensions: Readonly<Record<string, string>>): Buffer =>
    packet(response.version, [
      number(3),
      ...Object.entries(extensions).flatMap(([name, data]) => [...field(name), ...field(data)]),
    ]),
  status: (id: number, code: number, text: string): Buffer =>
    packet(response.status, [number(id), number(code), ...field(text), ...field("")]),
  handle: (id: number, handle: number): Buffer =>
    packet(response.handle, [number(id), ...field(number(handle))]),
  data: (id: number, data: Buffer): Buffer => packet(response.data, [number(id), ...field(data)]),
  /** The long name, for people, is the name itself. */
  names: (id: number, files: readonly NamedFile[]): Buffer =>
    packet(response.name, [
      number(id),
      number(files.length),
      ...files.flatMap((file) => [...field(file.name), ...field(file.name), ...attributes(file.attributes)]),
    ]),
  /** A path alone. */
  path: (id: number, path: Buffer): Buffer =>
    packet(response.name, [number(id), number(1), ...field(path), ...field(path), number(0)]),
  attributes: (id: number, file: FileAttributes): Buffer =>
    packet(response.attrs, [number(id), ...attributes(file)]),
  numbers: (id: number, values: readonly (number | bigint)[]): Buffer =>
    packet(response.extended, [number(id), ...values.map(long)]),
};
