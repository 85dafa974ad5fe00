import { createSocket } from "node:dgram";
import { createServer, type AddressInfo } from "node:net";
import { decodeMessage, encodeName, types, uint16s } from "./dns-message.ts";

/**
 * A name server outside the cluster: knows A records and one TXT record larger than a UDP packet (truncated there, whole by TCP);
 * everything else is NXDOMAIN. `asked` counts what arrived.
 */
export class Upstream {
  port = 0;
  readonly asked: { name: string; type: number; via: "udp" | "tcp" }[] = [];
  readonly #udp = createSocket("udp4");
  readonly #tcp = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    socket.on("data", (bytes) => {
      const reply = this.#reply(bytes.subarray(2), "tcp");
      socket.write(Buffer.concat([uint16s(reply.length), reply]));
    });
  });
  readonly #known: Readonly<Record<string, string>>;

  constructor(known: Readonly<Record<string, string>>) {
    this.#known = known;
    this.#udp.on("message", (bytes, from) =>
      this.#udp.send(this.#reply(bytes, "udp"), from.port, from.address),
    );
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#tcp.listen(0, "127.0.0.1", resolve));
    this.port = (this.#tcp.address() as AddressInfo).port;
    await new Promise<void>((resolve) => this.#udp.bind(this.port, "127.0.0.1", resolve));
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.#udp.close(() => resolve()));
    await new Promise((resolve) => this.#tcp.close(resolve));
  }

  #reply(bytes: Buffer, via: "udp" | "tcp"): Buffer {
    const query = decodeMessage(bytes);
    const name = query.question.toLowerCase();
    const type = query.questionType;
    this.asked.push({ name, type, via });
    const data = this.#data(name, type);
    const truncated = data.length > 1 && via === "udp";
    const answers = truncated ? [] : data;
    const flags = 0x8180 | (truncated ? 0x0200 : 0) | (data.length === 0 && !(name in this.#known) ? 3 : 0);
    const records = answers.map((content) =>
      Buffer.concat([uint16s(0xc00c, type, 1, 0, 60, content.length), content]),
    );
    const head = uint16s(query.id, flags, 1, records.length, 0, 0);
    return Buffer.concat([head, encodeName(query.question), uint16s(type, 1), ...records]);
  }

  #data(name: string, type: number): Buffer[] {
    const address = this.#known[name];
    if (address !== undefined && type === types.A) return [Buffer.from(address.split(".").map(Number))];
    if (name === "large.example.com." && type === types.TXT)
      return Array.from({ length: 20 }, (_, index) =>
        Buffer.concat([Buffer.from([200]), Buffer.alloc(200, 97 + index)]),
      );
    return [];
  }
}
