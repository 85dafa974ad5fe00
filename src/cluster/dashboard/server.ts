import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { messageOf } from "../../contract/errors/localkube-error.ts";
import type { Hello, SwitchRequest } from "../../dashboard/rows.ts";
import { assertPortFree } from "../../host/ports.ts";
import type { Board } from "./board.ts";
import { eventStream } from "./event-stream.ts";
import { entrance, Gate } from "./gate.ts";
import type { LogRequest, LogSink } from "./pod-log.ts";

export interface Served {
  readonly board: Board;
  /** Files of the page by name; `index.html` is the page itself. */
  readonly files: ReadonlyMap<string, PageFile>;
  /** The cluster that is shown first, if there is one of this name. */
  readonly profile: string;
  /** Absent where the page is read-only. Resolves when all is done; never rejects. */
  readonly switchAddon?: (request: SwitchRequest) => Promise<void>;
  followLog(cluster: string, request: LogRequest, sink: LogSink, signal: AbortSignal): Promise<void>;
}

export interface PageFile {
  readonly type: string;
  readonly content: Buffer;
}

export interface DashboardServer {
  readonly port: number;
  /** Secret, and works once. */
  readonly url: string;
  /** Ends every connection. */
  close(): Promise<void>;
}

const policy = [
  "default-src 'none'",
  ...["script-src", "style-src", "img-src", "connect-src"].map((name) => `${name} 'self'`),
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const headers = {
  "cache-control": "no-store",
  "content-security-policy": policy,
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

const mostBodyBytes = 4096;

/** Serves the page on 127.0.0.1; port 0 is any free one. Rejects with PORT_IN_USE or PORT_NOT_PERMITTED. */
export async function serveDashboard(port: number, served: Served): Promise<DashboardServer> {
  const server = createServer({ requestTimeout: 10_000 });
  await listen(server, port);
  const { port: bound } = server.address() as AddressInfo;
  const gate = new Gate(bound);
  server.on("request", (request, response) => {
    answer(request, response, gate, served).catch(() => response.destroy());
  });
  return {
    port: bound,
    url: gate.url,
    async close() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function listen(server: Server, port: number): Promise<void> {
  if (port !== 0) await assertPortFree(port, "port");
  server.listen({ port, host: "127.0.0.1", exclusive: true });
  await once(server, "listening");
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  gate: Gate,
  served: Served,
): Promise<void> {
  const { method = "", url = "/" } = request;
  const passage = gate.pass({ method, url, headers: request.headers });
  if (passage.type === "refused") return say(response, passage.status, passage.why);
  if (passage.type === "opened") {
    response.setHeader("set-cookie", passage.cookie);
    return lead(response, served);
  }
  const { path, query } = passage;
  if (path === "addons" && method === "POST") return switchAddon(request, response, served);
  if (method !== "GET") return say(response, 405, "There is nothing to do here.");
  if (path === entrance) return lead(response, served);
  if (path === "rows") return rows(response, served);
  if (path === "log") return log(response, served, query);
  return file(response, served, path === "" ? "index.html" : path);
}

/** To the page itself, without the token in its address. */
function lead(response: ServerResponse, { profile }: Served): void {
  const url = `../#${encodeURIComponent(profile)}/pods`;
  response.writeHead(200, { ...headers, "content-type": "text/html; charset=utf-8" });
  const head = `<link rel="icon" href="../icon.svg"><meta http-equiv="refresh" content="0; url=${url}">`;
  response.end(`<!doctype html><html lang="en"><title>localkube</title>${head}\n`);
}

function file(response: ServerResponse, { files }: Served, name: string): void {
  const found = files.get(name);
  if (!found) return say(response, 404, "There is no such page.");
  response.writeHead(200, { ...headers, "content-type": found.type });
  response.end(found.content);
}

function say(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { ...headers, "content-type": "text/plain; charset=utf-8" });
  response.end(`${text}\n`);
}

function rows(response: ServerResponse, { board, switchAddon: write }: Served): void {
  const stream = eventStream(response, headers);
  const stop = board.listen((changes) => stream.send("changes", changes));
  stream.closed.addEventListener("abort", stop);
  const hello: Hello = { write: write !== undefined, changes: board.all() };
  stream.send("hello", hello);
}

async function log(response: ServerResponse, served: Served, query: URLSearchParams): Promise<void> {
  const [cluster, namespace, pod, container] = ["cluster", "namespace", "pod", "container"].map(
    (name) => query.get(name) ?? "",
  ) as [string, string, string, string];
  const stream = eventStream(response, headers);
  const sink = {
    line: (text: string) => stream.send("line", text),
    note: (text: string) => stream.send("note", text),
  };
  try {
    await served.followLog(cluster, { namespace, pod, container }, sink, stream.closed);
    // The browser would ask again for what has ended.
    stream.send("end", null);
  } catch (error) {
    if (stream.closed.aborted) return;
    const output = (error as { readonly output?: string }).output;
    sink.note(output ?? messageOf(error));
    stream.send("end", null);
  }
  stream.end();
}

async function switchAddon(
  request: IncomingMessage,
  response: ServerResponse,
  { switchAddon: write }: Served,
): Promise<void> {
  if (!write)
    return say(response, 403, "This page is read-only; to switch addons: localkube dashboard --write");
  const wish = await bodyOf(request);
  if (!wish) return say(response, 400, "That is no request of this page.");
  // Its course is on the board.
  void write(wish);
  response.writeHead(202, headers);
  response.end();
}

async function bodyOf(request: IncomingMessage): Promise<SwitchRequest | undefined> {
  if (request.headers["content-type"] !== "application/json") return undefined;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    if ((size += chunk.length) > mostBodyBytes) return undefined;
  }
  try {
    const body = JSON.parse(Buffer.concat(chunks).toString("utf8")) as Partial<SwitchRequest>;
    const { cluster, addon, on } = body;
    return typeof cluster === "string" && typeof addon === "string" && typeof on === "boolean"
      ? { cluster, addon, on }
      : undefined;
  } catch {
    return undefined;
  }
}
