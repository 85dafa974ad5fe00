import { createServer } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { buffer } from "node:stream/consumers";
import { answers, type RigAnswer } from "./answers.ts";
import { loopbackCertificate } from "./certificate.ts";
import { DeviceRoom } from "./device-room.ts";
import { type Machines, paperMachines } from "./machines.ts";
import { openApiCheck } from "./openapi-check.ts";

/** What goes wrong with one call. */
export type Fault =
  /** This instead of the work. */
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly body: string | object;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** The work is done, but its answer gets lost. */
  | { readonly kind: "lost" }
  /** The connection breaks before anything is done. */
  | { readonly kind: "cut" }
  /** The connection breaks; the work is done all the same, that much later. */
  | { readonly kind: "belated"; readonly ms: number }
  /** The answer comes late. */
  | { readonly kind: "late"; readonly ms: number };

export interface Exchange {
  readonly request: string;
  readonly sent?: unknown;
  readonly status: number | "lost";
  readonly answer?: unknown;
}

export interface Provider {
  /** With the path before `/projects`. */
  readonly endpoint: string;
  /** PEM of the authority of its certificate. */
  readonly authority: string;
  /** The only one accepted; another value revokes the old. */
  token: string;
  readonly room: DeviceRoom;
  /** Everything that was asked and answered, in order. */
  readonly exchanges: Exchange[];
  /** Ends a call of that operation (operationId) so, as often as `times` says. */
  fault(operation: string, fault: Fault, times?: number): void;
  /** Stops serving; rejects with everything that was not as the OpenAPI document has it. */
  close(): Promise<void>;
}

const root = "/metal/v1";

/** Packet's API on 127.0.0.1 over TLS, checked against its OpenAPI document in both directions. */
export async function startProvider(
  options: { readonly machines?: Machines; readonly byItself?: boolean; readonly perPage?: number } = {},
): Promise<Provider> {
  const [check, { authority, cert, key }] = await Promise.all([openApiCheck(), loopbackCertificate()]);
  const room = new DeviceRoom(options.machines ?? paperMachines(), options.byItself ?? false);
  const table = answers(room, options.perPage ?? 100);
  const faults: { operation: string; fault: Fault; left: number }[] = [];
  const violations: string[] = [];
  const exchanges: Exchange[] = [];
  const sockets = new Set<Socket>();

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = "", url = "" } = request;
    const path = url.slice(root.length);
    const raw = (await buffer(request)).toString();
    const body: unknown = raw === "" ? undefined : JSON.parse(raw);
    const send = (status: number, answer: unknown, headers: Readonly<Record<string, string>> = {}): void => {
      exchanges.push({
        request: `${method} ${path}`,
        ...(body === undefined ? {} : { sent: body }),
        status,
        answer,
      });
      const text = answer === undefined ? "" : typeof answer === "string" ? answer : JSON.stringify(answer);
      const type = typeof answer === "string" ? "text/html" : "application/json";
      response.writeHead(status, { ...(text ? { "content-type": type } : {}), ...headers }).end(text);
    };
    const lose = (): void => {
      exchanges.push({
        request: `${method} ${path}`,
        ...(body === undefined ? {} : { sent: body }),
        status: "lost",
      });
      response.destroy();
    };
    if (request.headers["x-auth-token"] !== provider.token)
      return send(401, { error: "Invalid authentication token" });
    const wire = { method, url: path, body };
    const matched = url.startsWith(`${root}/`) ? check.match(wire) : undefined;
    const work = matched && table[matched.operation];
    if (!matched || !work) {
      violations.push(`${method} ${url} is not documented`);
      return send(404, { errors: ["Not found"] });
    }
    const wrong = check.request(wire, matched.operation);
    violations.push(...wrong.map((text) => `${method} ${path}: ${text}`));
    if (wrong.length) return send(422, { errors: wrong });
    const planned = faults.find(({ operation, left }) => operation === matched.operation && left > 0);
    if (planned) planned.left -= 1;
    const fault = planned?.fault;
    if (fault?.kind === "answer") return send(fault.status, fault.body, fault.headers);
    if (fault?.kind === "cut") return lose();
    if (fault?.kind === "belated") {
      lose();
      await new Promise((resolve) => setTimeout(resolve, fault.ms));
    }
    const query = new URL(path, "http://rig").searchParams;
    const answer: RigAnswer = await work({
      params: matched.params,
      query,
      body: (body ?? {}) as Record<string, unknown>,
    });
    violations.push(
      ...check
        .answer(matched.operation, answer.status, answer.body)
        .map((text) => `answer of ${matched.operation}: ${text}`),
    );
    if (fault?.kind === "belated") return;
    if (fault?.kind === "lost") return lose();
    if (fault?.kind === "late") await new Promise((resolve) => setTimeout(resolve, fault.ms));
    return send(answer.status, answer.body);
  };

  const server = createServer({ cert, key }, (request, response) => {
    handle(request, response).catch((error: unknown) => {
      violations.push(String(error));
      response.destroy();
    });
  });
  server.on("connection", (socket: Socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const provider: Provider = {
    endpoint: `https://127.0.0.1:${port}${root}`,
    authority,
    token: "rig-token-0123456789",
    room,
    exchanges,
    fault: (operation, fault, times = 1) => void faults.push({ operation, fault, left: times }),
    async close() {
      await room.settle().catch((error: unknown) => violations.push(String(error)));
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      const wrong = violations.splice(0);
      if (wrong.length) throw new Error(`not as the OpenAPI document has it:\n${wrong.join("\n")}`);
    },
  };
  return provider;
}
