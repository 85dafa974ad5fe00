import { createSocket } from "node:dgram";
import { connect } from "node:net";
import { type DnsMessage, type DnsQuery, decodeMessage, encodeQuery, uint16s } from "./dns-message.ts";

let lastId = 1;

/** One UDP query to 127.0.0.1; rejects after `timeoutMs` without a reply of the same id. */
export function askUdp(port: number, query: DnsQuery, timeoutMs = 8000): Promise<DnsMessage> {
  const id = (lastId = (lastId + 1) % 65536);
  const socket = createSocket("udp4");
  return new Promise<DnsMessage>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no reply for ${query.name}`)), timeoutMs);
    socket.on("message", (bytes) => {
      const message = decodeMessage(bytes);
      if (message.id !== id) return;
      clearTimeout(timer);
      resolve(message);
    });
    socket.on("error", reject);
    socket.send(encodeQuery(query, id), port, "127.0.0.1");
  }).finally(() => socket.close());
}

/** The same by TCP; several queries go over one connection. */
export function askTcp(port: number, queries: readonly DnsQuery[], timeoutMs = 8000): Promise<DnsMessage[]> {
  const socket = connect(port, "127.0.0.1");
  const ids = queries.map(() => (lastId = (lastId + 1) % 65536));
  return new Promise<DnsMessage[]>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("no reply by TCP")), timeoutMs);
    let received = Buffer.alloc(0);
    const replies = new Map<number, DnsMessage>();
    socket.on("data", (chunk) => {
      received = Buffer.concat([received, chunk]);
      while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
        const length = received.readUInt16BE(0);
        const message = decodeMessage(received.subarray(2, 2 + length));
        received = received.subarray(2 + length);
        replies.set(message.id, message);
      }
      const all = ids.flatMap((id) => replies.get(id) ?? []);
      if (all.length < ids.length) return;
      clearTimeout(timer);
      resolve(all);
    });
    socket.on("error", reject);
    queries.forEach((query, index) => {
      const bytes = encodeQuery(query, ids[index] ?? 0);
      socket.write(Buffer.concat([uint16s(bytes.length), bytes]));
    });
  }).finally(() => socket.destroy());
}
