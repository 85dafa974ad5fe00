import { readFile } from "node:fs/promises";
import { Socket, connect as connectSocket } from "node:net";
import { nextTick } from "node:process";
import type { Duplex } from "node:stream";
import type Ssh2 from "ssh2";
import type { Client, ServerHostKeyAlgorithm } from "ssh2";
import { LocalkubeError, messageOf } from "../../contract/errors/localkube-error.ts";
import type { SshEndpoint, SshServer } from "../../contract/transport.ts";

export interface DialOptions {
  readonly signal: AbortSignal;
  /** Milliseconds until the peer must have sent its first byte. */
  readonly greetingTimeoutMs: number;
  /** Milliseconds until the session must be established. */
  readonly timeoutMs: number;
}

// A slow guest (emulated, all cores busy) may need seconds to answer; three missed answers mean it is gone.
const keepAliveMs = 10_000;

/**
 * One attempt to log in, through the jump host where there is one. Rejects with a LocalkubeError when trying again cannot help
 * (SSH_HOST_KEY_MISMATCH, SSH_AUTH_FAILED, SSH_HANDSHAKE_FAILED, SSH_IDENTITY_UNREADABLE), with the signal's reason, or with a plain error when
 * sshd may just not be up yet.
 */
export async function dial(endpoint: SshEndpoint, options: DialOptions): Promise<Client> {
  const { jump } = endpoint;
  if (!jump) return login(endpoint, () => openSocket(endpoint), options);
  const way = await login(jump, () => openSocket(jump), options).catch((error: unknown) => {
    if (error instanceof LocalkubeError || options.signal.aborted) throw error;
    throw new Error(`jump host ${jump.host}: ${(error as Error).message}`, { cause: error });
  });
  try {
    const client = await login(endpoint, () => openChannel(way, endpoint, options), options);
    client.once("close", () => way.end());
    return client;
  } catch (error) {
    way.destroy();
    throw error;
  }
}

function openSocket({ host, port }: SshServer): Socket {
  const socket = connectSocket({ host, port, noDelay: true, keepAlive: true });
  gatherWrites(socket);
  return socket;
}

/** Given up like a missing greeting: the jump host's own system may wait minutes for a target whose packets are lost. */
function openChannel(
  way: Client,
  { host, port }: SshServer,
  { signal, greetingTimeoutMs, timeoutMs }: DialOptions,
): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason as Error);
    const late = () => reject(new Error("the jump host has not reached it yet"));
    const timer = setTimeout(late, Math.min(greetingTimeoutMs, timeoutMs));
    signal.addEventListener("abort", abort, { once: true });
    way.forwardOut("127.0.0.1", 0, host, port, (error, channel) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      if (error) reject(error);
      else resolve(channel);
    });
  });
}

async function login(
  server: SshServer,
  open: () => Socket | Promise<Duplex>,
  options: DialOptions,
): Promise<Client> {
  const [{ default: ssh2 }, privateKey] = await Promise.all([import("ssh2"), readIdentity(server)]);
  options.signal.throwIfAborted();
  const socket = open();
  // A socket that is still connecting is passed on at once: its errors come before any wait is over.
  return converse(server, socket instanceof Socket ? socket : await socket, { ssh2, privateKey }, options);
}

async function converse(
  server: SshServer,
  socket: Duplex,
  { ssh2, privateKey }: { readonly ssh2: typeof Ssh2; readonly privateKey: Buffer | undefined },
  options: DialOptions,
): Promise<Client> {
  const { agent } = server;
  const pinned = Buffer.from(server.hostKey.split(" ")[1] ?? "", "base64");
  const client = new ssh2.Client();
  let otherHostKey: string | undefined;
  const start = () =>
    client.connect({
      sock: socket,
      username: server.user,
      // A list leaves out ssh2's first try without any key: one round trip less, no failed login in the guest's log.
      authHandler: [...(privateKey ? ["publickey" as const] : []), ...(agent ? ["agent" as const] : [])],
      ...(privateKey ? { privateKey } : {}),
      ...(agent ? { agent } : {}),
      hostVerifier: (key: Buffer) => {
        if (key.equals(pinned)) return true;
        otherHostKey = `${server.hostKey.split(" ")[0]} ${key.toString("base64")}`;
        return false;
      },
      algorithms: {
        serverHostKey: hostKeyAlgorithms(server.hostKey),
        cipher: ["aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes128-ctr", "aes256-ctr"],
      },
      keepaliveInterval: keepAliveMs,
      keepaliveCountMax: 3,
      readyTimeout: 0,
    });
  await established(client, socket, options, start, (error) => explain(error, server, otherHostKey));
  client.setNoDelay(true);
  return client;
}

/** Waits for `ready`, the first error, the end of the time or an abort; whatever fails closes the socket. */
function established(
  client: Client,
  socket: Duplex,
  { signal, greetingTimeoutMs, timeoutMs }: DialOptions,
  start: () => void,
  explainError: (error: Error) => Error,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => {
      finish();
      socket.destroy();
      reject(error);
    };
    const abort = () => fail(signal.reason as Error);
    const greeting = setTimeout(() => fail(new Error("no answer")), Math.min(greetingTimeoutMs, timeoutMs));
    const session = setTimeout(() => fail(new Error("the login did not end in time")), timeoutMs);
    const finish = () => {
      clearTimeout(greeting);
      clearTimeout(session);
      signal.removeEventListener("abort", abort);
    };
    signal.addEventListener("abort", abort, { once: true });
    // A channel already has its first bytes: a listener of ours would take them from ssh2.
    if (socket instanceof Socket)
      client.on("connect", () => socket.once("data", () => clearTimeout(greeting)));
    else client.on("handshake", () => clearTimeout(greeting));
    // Kept for the connection's life: without a listener a broken connection would end the process.
    client.on("error", (error) => fail(explainError(error)));
    client.once("close", () => fail(new Error("the connection was closed during the login")));
    client.once("ready", () => {
      finish();
      resolve();
    });
    try {
      start();
    } catch (error) {
      fail(explainError(error as Error));
    }
  });
}

function explain(
  error: Error & { level?: string },
  endpoint: SshServer,
  otherHostKey: string | undefined,
): Error {
  const { host, port, user } = endpoint;
  const identityFile = endpoint.identityFile ?? "of the SSH agent";
  if (error.message.includes("privateKey"))
    return new LocalkubeError("SSH_IDENTITY_UNREADABLE", identityProblem(endpoint, error), { cause: error });
  const noCommonKey = error.message.includes("no matching host key format");
  if (otherHostKey !== undefined || noCommonKey) {
    const shown = otherHostKey ?? "";
    return new LocalkubeError("SSH_HOST_KEY_MISMATCH", { host, port, shown }, { cause: error });
  }
  if (error.level === "client-authentication")
    return new LocalkubeError("SSH_AUTH_FAILED", { host, port, user, identityFile }, { cause: error });
  if (error.level === "handshake" && error.message.includes("no matching"))
    return new LocalkubeError(
      "SSH_HANDSHAKE_FAILED",
      { host, port, problem: error.message },
      { cause: error },
    );
  return error;
}

async function readIdentity(endpoint: SshServer): Promise<Buffer | undefined> {
  if (endpoint.identityFile === undefined) return undefined;
  try {
    return await readFile(endpoint.identityFile);
  } catch (error) {
    throw new LocalkubeError("SSH_IDENTITY_UNREADABLE", identityProblem(endpoint, error), { cause: error });
  }
}

const identityProblem = (endpoint: SshServer, error: unknown) => ({
  identityFile: endpoint.identityFile ?? "",
  problem: messageOf(error),
});

/**
 * Sends everything written in one turn of the event loop with one system call. ssh2 writes each packet in three pieces (length, data,
 * tag); without Nagle's delay each piece would become a TCP segment of its own.
 */
function gatherWrites(socket: Socket): void {
  const write: (...args: Parameters<Socket["write"]>) => boolean = socket.write.bind(socket);
  let gathering = false;
  socket.write = ((...args: Parameters<Socket["write"]>) => {
    if (!gathering) {
      gathering = true;
      socket.cork();
      nextTick(() => {
        gathering = false;
        socket.uncork();
      });
    }
    return write(...args);
  }) as Socket["write"];
}

/**
 * Signature algorithms that fit the pinned key (`ssh-ed25519 AAAA…`). Asking for no other makes a server that has several
 * keys show the one we know.
 */
export function hostKeyAlgorithms(hostKey: string): ServerHostKeyAlgorithm[] {
  const type = hostKey.split(" ")[0] as ServerHostKeyAlgorithm;
  return type === "ssh-rsa" ? ["rsa-sha2-512", "rsa-sha2-256"] : [type];
}
