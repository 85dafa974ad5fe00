import { connect } from "node:net";
import type { Transport } from "../../contract/transport.ts";
import { type Waiting, waitUntil } from "../../kube/wait-until.ts";

const queryId = 0x6c6b;
const noError = 0;

/**
 * Waits until cluster DNS has an address for the name, asked through its Service address: that takes kube-proxy's rules, the pod network
 * and the DNS server's caches, so it proves more than any status in the API, which after a reboot still shows the state before it.
 */
export async function waitForDns(
  transport: Transport,
  dnsAddress: string,
  name: string,
  waiting: Waiting,
): Promise<void> {
  const forward = await transport.forward({ host: dnsAddress, port: 53 });
  try {
    const query = dnsQuery(name);
    await waitUntil(async (answerMs) => ((await answers(forward.port, query, answerMs)) ? true : undefined), {
      ...waiting,
      intervalMs: 50,
      maxIntervalMs: 200,
    });
  } finally {
    await forward.close();
  }
}

/** A query for the A record as sent over TCP: length, header with "recursion desired", one question (RFC 1035, 4.1, 4.2.2). */
function dnsQuery(name: string): Buffer {
  const header = Buffer.from([queryId >> 8, queryId & 0xff, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  const labels = name
    .split(".")
    .map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label, "ascii")]));
  const message = Buffer.concat([header, ...labels, Buffer.from([0, 0, 1, 0, 1])]);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
}

function answers(port: number, query: Buffer, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const received: Buffer[] = [];
    const socket = connect({ host: "127.0.0.1", port, timeout: timeoutMs }, () => socket.write(query));
    const end = (good: boolean): void => {
      socket.destroy();
      resolve(good);
    };
    socket.on("data", (chunk) => {
      received.push(chunk);
      const answer = Buffer.concat(received);
      // Length, id, flags, questions, answers: ten bytes tell whether the name was found.
      if (answer.length < 10) return;
      end(
        answer.readUInt16BE(2) === queryId &&
          (answer.readUInt8(5) & 0xf) === noError &&
          answer.readUInt16BE(8) > 0,
      );
    });
    socket
      .on("timeout", () => end(false))
      .on("error", () => end(false))
      .on("close", () => end(false));
  });
}
