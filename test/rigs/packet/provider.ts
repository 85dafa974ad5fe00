import { createServer } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { buffer } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { answers, type RigAnswer } from "./answers.ts";
import { loopbackCertificate } from "./certificate.ts";
import { DeviceRoom } from "./device-room.ts";
import { type Machines, paperMachines } from "./machines.ts";
import { openApiCheck, type WireRequest } from "./openapi-check.ts";

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

  /** Whether a request may be carried out; otherwise what it gets instead. */
  const judge = (request: IncomingMessage, wire: WireRequest) => {
    if (request.headers["x-auth-token"] !== provider.token)
      return { refused: { status: 401, body: { error: "Invalid authentication token" } } };
    const matched = request.url?.startsWith(`${root}/`) ? check.match(wire) : undefined;
    const work = matched && table[matched.operation];
    if (!matched || !work) {
      violations.push(`${wire.method} ${request.url} is not documented`);
      return { refused: { status: 404, body: { errors: ["Not found"] } } };
    }
    const wrong = check.request(wire, matched.operation);
    violations.push(...wrong.map((text) => `${wire.method} ${wire.url}: ${text}`));
    return wrong.length ? { refused: { status: 422, body: { errors: wrong } } } : { matched, work };
  };
  const nextFault = (operation: string): Fault | undefined => {
    const planned = faults.find((one) => one.operation === operation && one.left > 0);
    if (planned) planned.left -= 1;
    return planned?.fault;
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = "", url = "" } = request;
    const raw = (await buffer(request)).toString();
    const body: unknown = raw === "" ? undefined : JSON.parse(raw);
    const wire = { method, url: url.slice(root.length), body };
    const note = (outcome: Pick<Exchange, "status" | "answer">) =>
      exchanges.push({
        request: `${method} ${wire.url}`,
        ...(body === undefined ? {} : { sent: body }),
        ...outcome,
      });
    const send = (answer: RigAnswer, headers?: Readonly<Record<string, string>>): void => {
      note({ status: answer.status, answer: answer.body });
      write(response, answer, headers);
    };
    const lose = (): void => {
      note({ status: "lost" });
      response.destroy();
    };
    const { refused, matched, work } = judge(request, wire);
    if (refused) return send(refused);
    return suffer(nextFault(matched.operation), { send, lose }, async () => {
      const query = new URL(wire.url, "http://rig").searchParams;
      const call = { params: matched.params, query, body: (body ?? {}) as Record<string, unknown> };
      const answer = await work(call);
      const wrong = check.answer(matched.operation, answer.status, answer.body);
      violations.push(...wrong.map((text) => `answer of ${matched.operation}: ${text}`));
      return answer;
    });
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

/** What is no object goes out as a page for people. */
function write(
  response: ServerResponse,
  { status, body }: RigAnswer,
  headers: Readonly<Record<string, string>> = {},
): void {
  const isPage = typeof body === "string";
  const text = body === undefined ? "" : isPage ? body : JSON.stringify(body);
  const type = isPage ? "text/html" : "application/json";
  response.writeHead(status, { ...(text ? { "content-type": type } : {}), ...headers }).end(text);
}

interface Reply {
  readonly send: (answer: RigAnswer, headers?: Readonly<Record<string, string>>) => void;
  readonly lose: () => void;
}

/** Does the work and answers, or what the fault says. */
async function suffer(
  fault: Fault | undefined,
  { send, lose }: Reply,
  work: () => Promise<RigAnswer>,
): Promise<void> {
  switch (fault?.kind) {
    case undefined:
      return send(await work());
    case "answer":
      return send(fault, fault.headers);
    case "cut":
      return lose();
    case "lost":
      await work();
      return lose();
    case "belated":
      lose();
      await sleep(fault.ms);
      await work();
      return undefined;
    case "late": {
      const answer = await work();
      await sleep(fault.ms);
      return send(answer);
    }
  }
}
