/** Just enough of RFC 1035 and 6891 to see what a stub resolver hides: codes, flags, sections. */

export const types = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  OPT: 41,
  ANY: 255,
};
export const codes = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 };

export interface DnsRecord {
  readonly name: string;
  readonly type: number;
  readonly ttl: number;
  readonly class: number;
  readonly data: Buffer;
  /** Text of A, CNAME and PTR records. */
  readonly text: string;
}

export interface DnsMessage {
  readonly id: number;
  readonly flags: {
    readonly qr: boolean;
    readonly aa: boolean;
    readonly tc: boolean;
    readonly ra: boolean;
    readonly rcode: number;
  };
  readonly question: string;
  readonly questionType: number;
  readonly answers: readonly DnsRecord[];
  readonly authority: readonly DnsRecord[];
  readonly additional: readonly DnsRecord[];
  readonly size: number;
}

export interface DnsQuery {
  readonly name: string;
  readonly type: number;
  readonly class?: number;
  readonly opcode?: number;
  /** UDP size to announce by EDNS; absent = no EDNS. */
  readonly edns?: number;
  readonly ednsVersion?: number;
}

export function encodeQuery(query: DnsQuery, id: number): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt16BE(id, 0);
  head.writeUInt16BE(((query.opcode ?? 0) << 11) | 0x0100, 2);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(query.edns === undefined ? 0 : 1, 10);
  const tail = uint16s(query.type, query.class ?? 1);
  if (query.edns === undefined) return Buffer.concat([head, encodeName(query.name), tail]);
  const opt = Buffer.concat([
    Buffer.from([0]),
    uint16s(types.OPT, query.edns),
    Buffer.from([0, query.ednsVersion ?? 0, 0, 0, 0, 0]),
  ]);
  return Buffer.concat([head, encodeName(query.name), tail, opt]);
}

export function encodeName(name: string): Buffer {
  const labels = name.replace(/\.$/, "").split(".").filter(Boolean);
  const parts = labels.map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]));
  return Buffer.concat([...parts, Buffer.from([0])]);
}

export const uint16s = (...values: number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 2);
  values.forEach((value, index) => bytes.writeUInt16BE(value, index * 2));
  return bytes;
};

export function decodeMessage(bytes: Buffer): DnsMessage {
  const bits = bytes.readUInt16BE(2);
  const [question, afterName] = decodeName(bytes, 12);
  let offset = afterName + 4;
  const section = (count: number): DnsRecord[] => {
    const records: DnsRecord[] = [];
    for (let index = 0; index < count; index++) {
      const [record, next] = decodeRecord(bytes, offset);
      records.push(record);
      offset = next;
    }
    return records;
  };
  return {
    id: bytes.readUInt16BE(0),
    flags: {
      qr: (bits & 0x8000) !== 0,
      aa: (bits & 0x0400) !== 0,
      tc: (bits & 0x0200) !== 0,
      ra: (bits & 0x0080) !== 0,
      rcode: bits & 15,
    },
    question,
    questionType: bytes.readUInt16BE(afterName),
    answers: section(bytes.readUInt16BE(6)),
    authority: section(bytes.readUInt16BE(8)),
    additional: section(bytes.readUInt16BE(10)),
    size: bytes.length,
  };
}

function decodeRecord(bytes: Buffer, start: number): [DnsRecord, number] {
  const [name, offset] = decodeName(bytes, start);
  const type = bytes.readUInt16BE(offset);
  const length = bytes.readUInt16BE(offset + 8);
  const data = bytes.subarray(offset + 10, offset + 10 + length);
  let text = "";
  if (type === types.A) text = [...data].join(".");
  if (type === types.CNAME || type === types.PTR) [text] = decodeName(bytes, offset + 10);
  const record = {
    name,
    type,
    class: bytes.readUInt16BE(offset + 2),
    ttl: bytes.readUInt32BE(offset + 4),
    data,
    text,
  };
  return [record, offset + 10 + length];
}

function decodeName(bytes: Buffer, start: number): [string, number] {
  const labels: string[] = [];
  let offset = start;
  let end: number | undefined;
  for (let jumps = 0; jumps < 64;) {
    const length = bytes.readUInt8(offset);
    if (length === 0) return [`${labels.join(".")}.`, end ?? offset + 1];
    if (length >= 0xc0) {
      end ??= offset + 2;
      offset = bytes.readUInt16BE(offset) & 0x3fff;
      jumps++;
    } else {
      labels.push(bytes.toString("latin1", offset + 1, offset + 1 + length));
      offset += 1 + length;
    }
  }
  throw new Error("compression pointers lead in a circle");
}
