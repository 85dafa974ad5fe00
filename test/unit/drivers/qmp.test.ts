import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, it } from "vitest";
import { openQmp } from "../../../drivers/qemu/qmp.ts";

// An `error` event that nobody listens to ends the process: the run fails here though every assertion holds.

let folder: string;
let server: Server;
let monitor: Socket;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "localkube-qmp-"));
  server = createServer((socket) => {
    monitor = socket;
    socket.on("error", () => undefined).once("data", () => socket.write('{"return": {}, "id": 1}\n'));
  }).listen(join(folder, "monitor"));
  await once(server, "listening");
});

afterEach(async () => {
  monitor.destroy();
  server.close();
  await rm(folder, { recursive: true, force: true });
});

it("rejects with the signal's reason when the caller gives up, and the process lives", async () => {
  const caller = new AbortController();
  const qmp = await openQmp(join(folder, "monitor"), caller.signal);
  const asked = expect(qmp?.execute("query-status")).rejects.toThrow("interrupted");
  caller.abort(new Error("interrupted"));
  await asked;
  await sleep(50);
});

it("rejects when QEMU is killed while it is asked, and the process lives", async () => {
  const qmp = await openQmp(join(folder, "monitor"), new AbortController().signal);
  const asked = expect(qmp?.execute("query-status")).rejects.toThrow(/closed its monitor/);
  await once(monitor, "data");
  monitor.end('{"return": {"stat');
  await asked;
  await expect(qmp?.execute("query-status")).rejects.toThrow("QEMU closed its monitor");
  await sleep(50);
});
