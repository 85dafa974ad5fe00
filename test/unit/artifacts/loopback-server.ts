import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { join } from "node:path";
import { onTestFinished } from "vitest";

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export interface LoopbackServer {
  /** `http://127.0.0.1:port` */
  readonly url: string;
  readonly port: number;
  /** `METHOD path` with `range` if any, as they came. */
  readonly requests: readonly string[];
}

/** A real HTTP server on 127.0.0.1, ended with the test. */
export async function startServer(handler: Handler): Promise<LoopbackServer> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const { method = "", url = "", headers } = request;
    requests.push([method, url, headers.range].filter(Boolean).join(" "));
    handler(request, response);
  });
  const port = await listen(server);
  return { url: `http://127.0.0.1:${port}`, port, requests };
}

export async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>(); // those of CONNECT are no longer the server's own
  server.on("connection", (socket: Socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

/** A static web server, as a mirror may be one. */
export const folderHandler =
  (root: string): Handler =>
  (request, response) => {
    const file = join(root, decodeURIComponent(new URL(request.url ?? "/", "http://x").pathname));
    stat(file).then(
      ({ size }) => {
        response.writeHead(200, { "content-length": size });
        if (request.method === "HEAD") response.end();
        else createReadStream(file).pipe(response);
      },
      () => response.writeHead(404).end(),
    );
  };
