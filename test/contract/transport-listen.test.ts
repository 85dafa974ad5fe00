import { connect as connectTcp } from "node:net";
import type { Duplex } from "node:stream";
import { buffer } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Transport } from "../../src/contract/transport.ts";
import { eventually, rejection, type TestSshd, testSshd } from "./transport-sshd.ts";

let sshd: TestSshd;
let transport: Transport;
beforeAll(async () => {
  sshd = await testSshd();
  transport = await sshd.connect();
});
afterAll(() => sshd.dispose());

const bytes = Buffer.from(Array.from({ length: 1_000_000 }, (_, index) => index % 251));
/** Answers what it gets, once all of it is there. */
const echo = (stream: Duplex): void =>
  void buffer(stream).then(
    (all) => stream.end(all),
    () => undefined,
  );
const ask = (port: number, said: Uint8Array): Promise<Buffer> => {
  const socket = connectTcp({ port, host: "127.0.0.1", allowHalfOpen: true });
  socket.end(said);
  return buffer(socket);
};
describe("a port of the guest", () => {
  it("hands over each connection, in both directions, beside others", async () => {
    const [one, two] = await Promise.all([
      transport.listen(echo),
      transport.listen((stream) => stream.end("two")),
    ]);
    expect(one.port).not.toBe(two.port);
    const answers = await Promise.all(Array.from({ length: 5 }, () => ask(one.port, bytes)));
    expect(answers.map((answer) => Buffer.compare(answer, bytes))).toEqual([0, 0, 0, 0, 0]);
    expect((await ask(two.port, Buffer.from("x"))).toString()).toBe("two");
    await Promise.all([one.close(), two.close()]);
  });

  it("is closed, with what is open, and the connection lives on", async () => {
    let open = 0;
    const listener = await transport.listen((stream) => {
      open++;
      stream.once("close", () => open--);
      stream.resume();
    });
    const socket = connectTcp(listener.port, "127.0.0.1").on("error", () => undefined);
    const ended = new Promise((resolve) => socket.once("close", resolve));
    expect(await eventually(() => open === 1)).toBe(true);
    await listener.close();
    await listener.close();
    await ended;
    await expect.poll(() => open).toBe(0);
    expect(await isClosed(listener.port)).toBe(true);
    expect((await transport.exec(["echo", "alive"])).stdout).toBe("alive\n");
  });

  it("goes with the transport", async () => {
    const own = await sshd.connect();
    const { port } = await own.listen(echo);
    expect(Buffer.compare(await ask(port, bytes), bytes)).toBe(0);
    await own.close();
    await expect.poll(() => isClosed(port)).toBe(true);
  });

  it("that sshd does not allow is told", async () => {
    const strict = await testSshd(["AllowTcpForwarding local"]);
    try {
      const own = await strict.connect();
      expect(await rejection(own.listen(echo))).toMatchObject({ id: "SSH_LISTEN_REFUSED" });
      expect((await own.exec(["echo", "alive"])).stdout).toBe("alive\n");
    } finally {
      await strict.dispose();
    }
  });
});

const isClosed = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connectTcp(port, "127.0.0.1");
    socket.once("error", () => resolve(true));
    socket.once("connect", () => {
      socket.destroy();
      resolve(false);
    });
  });
