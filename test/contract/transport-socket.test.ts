import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Transport } from "../../src/contract/transport.ts";
import { guestSocket } from "../../src/machine/ssh/guest-socket.ts";
import { connection } from "../../src/machine/ssh/connection.ts";
import { rejection, type TestSshd, testSshd } from "./transport-sshd.ts";

const folder = mkdtempSync(join(tmpdir(), "localkube-socket-"));
const path = join(folder, "echo, 'with' words.sock");
let sshd: TestSshd;
let transport: Transport;
let server: Server;
let open = 0;

/** Answers what it gets, once all of it is there. */
const echo = createServer({ allowHalfOpen: true }, (socket) => {
  open++;
  socket.once("close", () => open--);
  socket.on("error", () => socket.destroy());
  void buffer(socket).then(
    (all) => socket.end(all),
    () => undefined,
  );
});

beforeAll(async () => {
  sshd = await testSshd();
  transport = await sshd.connect();
  server = echo.listen(path);
});
afterAll(async () => {
  server.close();
  await sshd.dispose();
  await rm(folder, { recursive: true, force: true });
});

const bytes = Buffer.from(Array.from({ length: 3_000_000 }, (_, index) => index % 251));

/** Both ways to the socket: sshd's own, and a program's, which another user than root needs. */
const ways = {
  sshd: () => transport.connectSocket(path),
  "a program": () => throughProgram(path),
};
const throughProgram = (target: string) =>
  guestSocket(
    {
      endpoint: { ...transport.endpoint, sudo: { password: () => Promise.resolve(undefined) } },
      connection: connection(transport.endpoint, { timeoutMs: 1, log: () => undefined }),
      run: (argv, options) => transport.exec(argv, options as object),
    },
    target,
  );

describe.each(Object.entries(ways))("a socket of the guest through %s", (_way, connectSocket) => {
  it("carries bytes in both directions, and its ends", async () => {
    const stream = await connectSocket();
    stream.end(bytes);
    expect(Buffer.compare(await buffer(stream), bytes)).toBe(0);
  });

  it("is closed there when it is destroyed here", async () => {
    const stream = await connectSocket();
    stream.write("begin");
    await expect.poll(() => open).toBe(1);
    stream.destroy();
    await expect.poll(() => open, { timeout: 10_000 }).toBe(0);
  });
});

it("is told when nobody listens", async () => {
  const nowhere = join(folder, "none.sock");
  const wanted = { id: "SSH_SOCKET_FAILED", message: expect.stringContaining(nowhere) as string };
  expect(await rejection(transport.connectSocket(nowhere))).toMatchObject(wanted);
  const stream = await throughProgram(nowhere);
  expect(await rejection(buffer(stream))).toMatchObject({
    ...wanted,
    message: expect.stringContaining("No such file") as string,
  });
});
