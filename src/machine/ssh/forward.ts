import { createServer, type AddressInfo, type Socket } from "node:net";
import type { Client, ClientChannel } from "ssh2";
import { LocalkubeError, messageOf } from "../../contract/errors/localkube-error.ts";
import type { Forward } from "../../contract/transport.ts";
import type { Connection } from "./connection.ts";

export interface ForwardTarget {
  readonly host: string;
  readonly port: number;
}

const connectTimeoutMs = 20_000;

/**
 * Carries TCP connections to 127.0.0.1:`localPort` over the SSH connection. Forwarded connections take no channel slot: sshd
 * does not count them as sessions, and a watch that stays open for hours must not use up the commands' places.
 * Rejects with SSH_FORWARD_FAILED when the port cannot be opened.
 */
export async function forward(
  connection: Connection,
  target: ForwardTarget,
  localPort: number,
  log: (line: string) => void,
): Promise<Forward> {
  const sockets = new Set<Socket>();
  // Half-open is kept: a client that has sent everything still waits for the answer.
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    carry(connection, target, socket).catch((error: unknown) => {
      log(`forward to ${target.host}:${target.port}: ${messageOf(error)}`);
      socket.resetAndDestroy();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) =>
      reject(
        new LocalkubeError(
          "SSH_FORWARD_FAILED",
          { port: localPort, problem: error.message },
          { cause: error },
        ),
      ),
    );
    server.listen({ host: "127.0.0.1", port: localPort }, resolve);
  });
  let closed: Promise<void> | undefined;
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      (closed ??= new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      })),
  };
}

async function carry(connection: Connection, target: ForwardTarget, socket: Socket): Promise<void> {
  const client = await connection.client(AbortSignal.timeout(connectTimeoutMs));
  const channel = await openForward(client, target, socket);
  if (socket.destroyed) return void channel.close();
  socket.pipe(channel);
  channel.pipe(socket);
  // `destroy` of a channel ends it as if everything had been sent; only `close` tells the guest that the peer is gone.
  socket.once("close", () => channel.close());
  channel.once("close", () => {
    if (!connection.isAlive(client)) socket.resetAndDestroy();
    else socket.destroySoon();
  });
  channel.on("error", () => socket.destroy());
}

function openForward(client: Client, { host, port }: ForwardTarget, socket: Socket): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    client.forwardOut("127.0.0.1", socket.remotePort ?? 0, host, port, (error, channel) => {
      if (error) reject(error);
      else resolve(channel);
    });
  });
}
