import { expect, test } from "vitest";
import type { Socket } from "node:net";
import { apiServer } from "../provision/cluster/api-server.ts";

test("a DELETE with a body says how long it is, so that the connection is good for the next request", async () => {
  const seen: string[] = [];
  const api = await apiServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      seen.push(`${request.method} ${request.headers["content-length"] ?? "no length"} ${body}`);
      response.end("{}");
    });
  });
  const body = JSON.stringify({ preconditions: { uid: "ü" } });
  const { status } = await api.send("/api/v1/namespaces/web", { method: "DELETE", body });
  const next = await api.send("/api/v1/namespaces");
  expect([status, next.status]).toEqual([200, 200]);
  expect(seen).toEqual([`DELETE ${Buffer.byteLength(body)} ${body}`, "GET no length "]);
});

test("a connection that the server closed meanwhile is no failure of the next request", async () => {
  let socket: Socket | undefined;
  let requests = 0;
  const api = await apiServer((request, response) => {
    requests += 1;
    // The second request comes over the first one's connection, and finds it ended.
    if (request.socket === socket) request.socket.destroy();
    else response.end("{}");
    socket = request.socket;
  });
  await api.send("/first");
  expect((await api.send("/second")).status).toBe(200);
  expect(requests).toBe(3);
});
