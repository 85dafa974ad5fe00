import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type AddressInfo, type Server } from "node:net";
import process from "node:process";
import { afterEach, expect, test } from "vitest";
import { assertPortFree, portUser } from "../../../src/host/ports.ts";

let server: Server | undefined;
afterEach(async () => {
  if (!server) return;
  const closed = once(server, "close");
  server.close();
  await closed;
  server = undefined;
});

async function listen(): Promise<number> {
  server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

test("a port in use names the port, the flag and the process", async () => {
  const port = await listen();
  await expect(assertPortFree(port, "apiserver-port")).rejects.toMatchObject({
    id: "PORT_IN_USE",
    exitCode: 69,
    message: expect.stringMatching(new RegExp(`Port ${port} .*process ${process.pid}`)) as string,
    fix: "Use another port, or --apiserver-port 0 for any free one",
  });
  expect(await portUser(port)).toContain(`(process ${process.pid})`);
});

test("a free port passes, and stays free", async () => {
  const port = await listen();
  server?.close();
  await once(server as Server, "close");
  server = undefined;
  await assertPortFree(port, "apiserver-port");
  await assertPortFree(port, "apiserver-port");
  expect(await portUser(port)).toBeUndefined();
});

test("a port below those of plain users needs rights", async () => {
  const firstPlain = Number(await readFile("/proc/sys/net/ipv4/ip_unprivileged_port_start", "utf8"));
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) process.seteuid?.(65_534);
  try {
    const attempt = assertPortFree(991, "apiserver-port");
    if (firstPlain > 991)
      await expect(attempt).rejects.toMatchObject({ id: "PORT_NOT_PERMITTED", exitCode: 77 });
    else await attempt; // containers may open all ports to everybody
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
});
