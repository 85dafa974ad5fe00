import type { Duplex } from "node:stream";
import type { Client, TcpConnectionDetails } from "ssh2";
import { LocalkubeError, messageOf } from "../../contract/errors/localkube-error.ts";
import type { Forward } from "../../contract/transport.ts";
import type { Connection } from "./connection.ts";

const listenMs = 20_000;
const address = "127.0.0.1";

/** See `Transport.listen`. sshd chooses the port, so that nothing in the guest is in the way. */
export async function guestListener(
  connection: Connection,
  onConnection: (stream: Duplex) => void,
  given?: AbortSignal,
): Promise<Forward> {
  const signal = AbortSignal.any([AbortSignal.timeout(listenMs), ...(given ? [given] : [])]);
  const client = await connection.client(signal);
  const port = await bind(client).catch((error: unknown) => {
    throw new LocalkubeError("SSH_LISTEN_REFUSED", { problem: messageOf(error) }, { cause: error });
  });
  const streams = new Set<Duplex>();
  const take = (
    { destPort }: TcpConnectionDetails,
    accept: () => Duplex & { close(): void },
    reject: () => void,
  ): void => {
    // Other listeners of the same connection take their own.
    if (destPort !== port) return;
    if (closed) return reject();
    const stream = accept();
    streams.add(stream);
    // `destroy` of a channel ends it as if everything had been sent; only `close` tells the guest that the peer is gone.
    stream.once("close", () => {
      streams.delete(stream);
      stream.close();
    });
    stream.on("error", () => stream.destroy());
    onConnection(stream);
  };
  let closed: Promise<void> | undefined;
  client.on("tcp connection", take);
  const end = async (): Promise<void> => {
    for (const stream of streams) stream.destroy();
    if (connection.isAlive(client)) await unbind(client, port);
    client.off("tcp connection", take);
  };
  return { port, close: () => (closed ??= end()) };
}

const bind = (client: Client): Promise<number> =>
  new Promise((resolve, reject) => {
    client.forwardIn(address, 0, (error, port) => (error ? reject(error) : resolve(port)));
  });

/** A connection that breaks meanwhile has closed the port, too. */
const unbind = (client: Client, port: number): Promise<void> =>
  new Promise((resolve) => {
    client.once("close", () => resolve());
    client.unforwardIn(address, port, () => resolve());
  });
