import { createServer as createHttpServer, get, type Server } from "node:http";
import { type AddressInfo, connect as connectTcp, createServer, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Transport } from "../../src/contract/transport.ts";
import { eventually, freePort, rejection, type TestSshd, testSshd } from "./transport-sshd.ts";

let sshd: TestSshd;
let transport: Transport;
let http: Server;
let httpPort: number;
const body = "x".repeat(3_000_000);
beforeAll(async () => {
  sshd = await testSshd();
  transport = await sshd.connect();
  http = createHttpServer((request, response) => {
    if (request.url === "/forever") response.write("begin");
    else response.end(body);
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  httpPort = (http.address() as AddressInfo).port;
});
afterAll(async () => {
  http.closeAllConnections();
  http.close();
  await sshd.dispose();
});

const fetchBody = (port: number, path = "/") =>
  new Promise<string>((resolve, reject) => {
    get(
      { host: "127.0.0.1", port, path, agent: false },
      (response) => void text(response).then(resolve, reject),
    ).on("error", reject);
  });
const target = () => ({ host: "127.0.0.1", port: httpPort });

describe("forward", () => {
  it("carries many connections, to localhost only, until it is closed", async () => {
    const forward = await transport.forward(target());
    const answers = await Promise.all(Array.from({ length: 20 }, () => fetchBody(forward.port)));
    expect(answers.every((answer) => answer === body)).toBe(true);
    await forward.close();
    await forward.close();
    expect(await rejection(fetchBody(forward.port))).toMatchObject({ code: "ECONNREFUSED" });
  });

  it("closing it ends what is open, at both ends", async () => {
    const forward = await transport.forward(target());
    const socket = connectTcp(forward.port, "127.0.0.1").on("error", () => undefined);
    socket.write("GET /forever HTTP/1.1\r\nHost: x\r\n\r\n");
    await new Promise((resolve) => socket.once("data", resolve));
    const ended = new Promise((resolve) => socket.once("close", resolve));
    await forward.close();
    await ended;
    const open = () =>
      new Promise<number>((resolve) => http.getConnections((_error, number) => resolve(number)));
    let left = 1;
    await eventually(() => {
      void open().then((number) => (left = number));
      return left === 0;
    });
    expect(left).toBe(0);
  });

  it("keeps half-open connections: what was said last still gets its answer", async () => {
    const sockets = new Set<Socket>();
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      sockets.add(socket);
      void text(socket).then((said) => socket.end(`heard ${said.length}`));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const forward = await transport.forward({
      host: "127.0.0.1",
      port: (server.address() as AddressInfo).port,
    });
    const socket = connectTcp({ port: forward.port, host: "127.0.0.1", allowHalfOpen: true });
    socket.end("y".repeat(500_000));
    expect(await text(socket)).toBe("heard 500000");
    await forward.close();
    for (const left of sockets) left.destroy();
    server.close();
  });

  it("takes the port it is told, and says when it cannot", async () => {
    const port = await freePort();
    const forward = await transport.forward(target(), port);
    expect(forward.port).toBe(port);
    expect(await fetchBody(port)).toBe(body);
    const error = await rejection(transport.forward(target(), port));
    expect([error.id, error.params?.["port"]]).toEqual(["SSH_FORWARD_FAILED", port]);
    await forward.close();
  });

  it("breaks the connection when nothing listens in the machine, and lives on", async () => {
    const forward = await transport.forward({ host: "127.0.0.1", port: await freePort() });
    await rejection(fetchBody(forward.port));
    await rejection(fetchBody(forward.port));
    expect((await transport.exec(["echo", "alive"])).stdout).toBe("alive\n");
    await forward.close();
  });

  it("long-lived forwards leave the commands their channels; a lost connection is made again", async () => {
    const forward = await transport.forward(target());
    const held = Array.from({ length: 12 }, () =>
      fetchBody(forward.port, "/forever").catch((error: Error) => error),
    );
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect((await transport.exec(["echo", "still"])).stdout).toBe("still\n");
    sshd.cutSessions();
    expect((await Promise.all(held)).every((answer) => answer instanceof Error)).toBe(true);
    expect(await fetchBody(forward.port)).toBe(body);
    await forward.close();
  });

  it("closing the transport closes its forwards", async () => {
    const own = await sshd.connect();
    const forward = await own.forward(target());
    await own.close();
    expect(await rejection(fetchBody(forward.port))).toMatchObject({ code: "ECONNREFUSED" });
  });
});
