import type { Duplex } from "node:stream";

/** A client of SFTP for tests: sends packets as they are told, and waits for the answers. */
export interface Answer {
  readonly type: number;
  /** Status code, for an answer that is a status. */
  readonly code: number | undefined;
  /** What follows the number of the request. */
  readonly body: Buffer;
}

export const text = (value: string | Buffer): Buffer => {
  const bytes = Buffer.from(value as string);
  return Buffer.concat([u32(bytes.length), bytes]);
};
export const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
};
export const u64 = (value: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
};
/** Attributes that say nothing. */
export const nothing = u32(0);
export const withMode = (mode: number): Buffer => Buffer.concat([u32(4), u32(mode)]);

export const types = {
  open: 3,
  close: 4,
  read: 5,
  write: 6,
  lstat: 7,
  setstat: 9,
  opendir: 11,
  readdir: 12,
  remove: 13,
  mkdir: 14,
  rmdir: 15,
  stat: 17,
  rename: 18,
  readlink: 19,
  symlink: 20,
  extended: 200,
} as const;

export function sftpClient(stream: Duplex) {
  let last = 0;
  let received = Buffer.alloc(0);
  const waiting = new Map<number, (answer: Answer) => void>();
  stream.on("data", (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    while (received.length >= 4 && received.length >= 4 + received.readUInt32BE(0)) {
      const length = received.readUInt32BE(0);
      const packet = received.subarray(4, 4 + length);
      received = received.subarray(4 + length);
      const type = packet[0]!;
      const body = packet.subarray(5);
      const code = type === 101 ? body.readUInt32BE(0) : undefined;
      waiting.get(packet.readUInt32BE(1))?.({ type, code, body });
    }
  });
  const send = (type: number, ...parts: readonly Buffer[]): Promise<Answer> => {
    const id = ++last;
    const payload = Buffer.concat([Buffer.of(type), u32(id), ...parts]);
    const answered = new Promise<Answer>((resolve) => waiting.set(id, resolve));
    stream.write(Buffer.concat([u32(payload.length), payload]));
    return answered;
  };
  const open = async (path: string | Buffer, flags: number): Promise<Answer & { handle: Buffer }> => {
    const answer = await send(types.open, text(path), u32(flags), nothing);
    return { ...answer, handle: answer.body };
  };
  return {
    send,
    open,
    async read(path: string): Promise<string> {
      const { handle, code } = await open(path, 1);
      if (code !== undefined) throw new Error(`status ${code}`);
      const answer = await send(types.read, handle, u64(0), u32(65536));
      await send(types.close, handle);
      return answer.type === 103 ? answer.body.subarray(4).toString() : "";
    },
    async names(path: string): Promise<readonly string[]> {
      const { body: handle } = await send(types.opendir, text(path));
      const names: string[] = [];
      for (;;) {
        const { type, body } = await send(types.readdir, handle);
        if (type !== 104) return names.sort();
        const count = body.readUInt32BE(0);
        let at = 4;
        for (let n = 0; n < count; n++) {
          const length = body.readUInt32BE(at);
          names.push(body.subarray(at + 4, at + 4 + length).toString());
          // The name, the name for people, and the attributes that this server always sends.
          at += 2 * (4 + length) + 32;
        }
      }
    },
  };
}
