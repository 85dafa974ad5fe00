import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Client, ServiceError, status } from "@grpc/grpc-js";
import { LocalkubeError, messageOf } from "../../contract/errors/localkube-error.ts";
import type { Runtime } from "../../contract/runtime.ts";
import type { Transport } from "../../contract/transport.ts";
import { poll } from "../../host/poll.ts";
import { criApis, type CriApi, type CriMethod, messageTypes, type Messages } from "./messages.ts";

/** A node's CRI server. */
export interface Cri {
  /** The newest API that it speaks. */
  readonly api: CriApi;
  readonly runtime: { readonly name: string; readonly version: string };
  /**
   * Rejects with CRI_CALL_FAILED (with the server's own words, and gRPC's name of the status as parameter `status`), CRI_UNIMPLEMENTED when the
   * server does not know the call, SSH_SOCKET_FAILED when nobody listens, or the signal's reason.
   */
  call<M extends CriMethod>(
    method: M,
    request: Messages[M]["request"],
    options?: CallOptions,
  ): Promise<Messages[M]["response"]>;
  close(): Promise<void>;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** Milliseconds. Default 60 000: an emulated machine that starts pods is slow. */
  readonly timeoutMs?: number;
}

export interface ConnectCriOptions extends CallOptions {
  readonly apis?: readonly CriApi[];
  /** Where the calls of ImageService go; default: to the same socket. */
  readonly imageEndpoint?: string | undefined;
}

const defaultMs = 60_000;

/**
 * Connects to the CRI server at `endpoint` (`unix:///run/NAME.sock`) of a node, over the node's SSH connection, in the first of `apis` (default: the
 * newest first) that it speaks. Whoever opened it closes it. Rejects as `call` does, with CRI_NOT_SPOKEN when what answers there is no CRI server, and
 * with CRI_SERVES_HALF when it serves images only.
 */
export async function connectCri(
  transport: Pick<Transport, "connectSocket">,
  endpoint: string,
  options: ConnectCriOptions = {},
): Promise<Cri> {
  const path = socketPath(endpoint);
  const imagePath = socketPath(options.imageEndpoint ?? endpoint);
  const [grpc, types] = await Promise.all([import("@grpc/grpc-js"), messageTypes()]);
  const lines = new Map<string, { readonly client: Client; readonly door: Door }>();
  for (const one of new Set([path, imagePath])) {
    const door = await openDoor(transport, one);
    const client = new grpc.Client(door.address, grpc.credentials.createInsecure(), {
      "grpc.max_receive_message_length": 64 * 2 ** 20,
      "grpc.enable_retries": 0,
    });
    lines.set(one, { client, door });
  }
  const close = async (): Promise<void> => {
    for (const { client, door } of lines.values()) {
      client.close();
      await door.close();
    }
  };
  const unary = async (
    api: CriApi,
    method: CriMethod,
    request: object,
    given: CallOptions,
  ): Promise<object> => {
    given.signal?.throwIfAborted();
    const asked = method.startsWith("ImageService/") ? imagePath : path;
    const { client, door } = lines.get(asked)!;
    try {
      return await ask(client, `/runtime.${api}.${method}`, {
        encode: () => types.encode(method, request),
        decode: (bytes) => types.decode(method, bytes),
        ...given,
      });
    } catch (error) {
      given.signal?.throwIfAborted();
      if (door.problem()) throw door.problem();
      throw explained(error as ServiceError, asked, method, grpc.status);
    }
  };
  try {
    const { api, version } = await firstVersion(endpoint, options.apis ?? criApis, (one, method) =>
      unary(one, method, method === "RuntimeService/Version" ? { version: "0.1.0" } : {}, options),
    );
    return {
      api,
      runtime: { name: version.runtimeName, version: version.runtimeVersion },
      call: (method, request, given = {}) => unary(api, method, request, given),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** As `connectCri`, but waits for a runtime that is still starting, until the signal ends it. */
export async function criWhenItServes(
  transport: Pick<Transport, "connectSocket">,
  { endpoint, imageEndpoint }: Pick<Runtime, "endpoint" | "imageEndpoint">,
  signal: AbortSignal,
): Promise<Cri> {
  const connected = () =>
    connectCri(transport, endpoint, { signal, imageEndpoint }).catch((error: unknown) => {
      signal.throwIfAborted();
      if (error instanceof LocalkubeError && notServing.includes(error.id)) return undefined;
      throw error;
    });
  return poll(connected, { signal, everyMs: 100 });
}

/** The path of an endpoint, `unix:///run/NAME.sock`. */
export const socketPath = (endpoint: string): string => endpoint.replace(/^unix:\/\//, "");

/** A server that opened its socket and cannot answer yet is told like one that refuses. */
const notServing: readonly string[] = ["SSH_SOCKET_FAILED", "CRI_CALL_FAILED", "CRI_NOT_SPOKEN"];

type Version = Messages["RuntimeService/Version"]["response"];

async function firstVersion(
  endpoint: string,
  apis: readonly CriApi[],
  ask: (api: CriApi, method: "RuntimeService/Version" | "ImageService/ListImages") => Promise<object>,
): Promise<{ readonly api: CriApi; readonly version: Version }> {
  const path = socketPath(endpoint);
  let problem = "";
  for (const api of apis) {
    try {
      return { api, version: (await ask(api, "RuntimeService/Version")) as Version };
    } catch (error) {
      if (!(error instanceof LocalkubeError) || error.id !== "CRI_UNIMPLEMENTED") throw error;
      problem = error.message;
    }
  }
  for (const api of apis) {
    if (!(await ask(api, "ImageService/ListImages").then(Boolean, () => false))) continue;
    throw new LocalkubeError("CRI_SERVES_HALF", {
      path,
      served: "images",
      missing: "pods",
      fix: `Name the socket of the server that runs pods with --cri-socket, and this one with --image-socket ${endpoint}`,
    });
  }
  throw new LocalkubeError("CRI_NOT_SPOKEN", { path, problem });
}

function ask(
  client: Client,
  path: string,
  {
    encode,
    decode,
    signal,
    timeoutMs = defaultMs,
  }: CallOptions & { readonly encode: () => Buffer; readonly decode: (bytes: Buffer) => object },
): Promise<object> {
  return new Promise((resolve, reject) => {
    const deadline = Date.now() + timeoutMs;
    const call = client.makeUnaryRequest(path, encode, decode, {}, { deadline }, (error, response) => {
      signal?.removeEventListener("abort", cancel);
      if (error) reject(error);
      else resolve(response ?? {});
    });
    const cancel = (): void => call.cancel();
    signal?.addEventListener("abort", cancel, { once: true });
  });
}

function explained(
  error: ServiceError,
  path: string,
  method: CriMethod,
  known: typeof status,
): LocalkubeError {
  const problem = error.details || messageOf(error);
  if (error.code === known.UNIMPLEMENTED) return new LocalkubeError("CRI_UNIMPLEMENTED", { path, method });
  // The server closed the connection, or answered in another protocol.
  if (method === "RuntimeService/Version" && error.code === known.UNAVAILABLE)
    return new LocalkubeError("CRI_NOT_SPOKEN", { path, problem }, { cause: error });
  const name = known[error.code] ?? String(error.code);
  return new LocalkubeError("CRI_CALL_FAILED", { path, method, problem, status: name }, { cause: error });
}

interface Door {
  /** For gRPC. */
  readonly address: string;
  /** Why the last connection to the guest's socket failed. */
  problem(): LocalkubeError | undefined;
  close(): Promise<void>;
}

/** A way to the guest's socket that gRPC can use: a socket in a folder of this user's alone; on Windows a port of 127.0.0.1. */
async function openDoor(transport: Pick<Transport, "connectSocket">, path: string): Promise<Door> {
  const folder = await mkdtemp(join(tmpdir(), "localkube-cri-"));
  const open = new Set<Socket>();
  let problem: LocalkubeError | undefined;
  const server = createServer((socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
    socket.on("error", () => socket.destroy());
    const give = (error: unknown): void => {
      if (error instanceof LocalkubeError) problem = error;
      socket.destroy();
    };
    transport.connectSocket(path).then((stream) => {
      stream.on("error", give);
      stream.once("close", () => socket.destroySoon());
      socket.once("close", () => stream.destroy());
      socket.pipe(stream).pipe(socket);
    }, give);
  });
  const address = await listen(server, join(folder, "cri.sock"));
  return {
    address,
    problem: () => problem,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of open) socket.destroy();
      await closed;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function listen(server: Server, file: string): Promise<string> {
  const isWindows = process.platform === "win32";
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(isWindows ? { host: "127.0.0.1", port: 0 } : { path: file }, resolve);
  });
  const address = server.address();
  return typeof address === "object" && address ? `ipv4:127.0.0.1:${address.port}` : `unix:${file}`;
}
