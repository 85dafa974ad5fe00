import { setTimeout as pause } from "node:timers/promises";
import type { Client, ClientChannel } from "ssh2";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { SshEndpoint } from "../../contract/transport.ts";
import type { Connection } from "./connection.ts";
import { unlessAborted } from "./deadline.ts";

export interface OpenExecOptions<T> {
  /** Made when the connection stands: only then it is known how one becomes root there. */
  readonly commandLine: () => string;
  readonly label: string;
  readonly signal: AbortSignal;
  /** Tells whether the call waits for a connection just now. */
  readonly onConnecting: (connecting: boolean) => void;
  /** Called at once when the channel stands, before anything else is read from the connection. */
  readonly attend: (channel: ClientChannel, client: Client) => T;
}

export interface OpenedChannel<T> {
  readonly channel: ClientChannel;
  readonly client: Client;
  readonly attended: T;
}

const retryPauseMs = 50;

/**
 * Starts a command on the live connection. As long as the command was certainly not started (the channel was never opened), a lost
 * connection is reopened and a guest whose sessions are all taken is asked again, until the signal aborts; afterwards a
 * loss is SSH_CONNECTION_LOST, because nobody knows what the command has done.
 */
export async function openExecChannel<T>(
  connection: Connection,
  endpoint: SshEndpoint,
  options: OpenExecOptions<T>,
): Promise<OpenedChannel<T>> {
  for (;;) {
    options.onConnecting(true);
    const client = await connection.client(options.signal);
    options.onConnecting(false);
    const opening = open(client, options);
    // Given up while opening: what opens later must not stay open.
    opening.catch(() => undefined);
    try {
      return await unlessAborted(opening, options.signal);
    } catch (error) {
      if (options.signal.aborted) {
        opening.then(({ channel }) => channel.close()).catch(() => undefined);
        throw error;
      }
      if (mayHaveStarted(error)) {
        const { host, port } = endpoint;
        throw new LocalkubeError(
          "SSH_CONNECTION_LOST",
          { host, port, command: options.label },
          { cause: error },
        );
      }
      await pause(retryPauseMs, undefined, { ref: true });
    }
  }
}

function open<T>(client: Client, { commandLine, attend }: OpenExecOptions<T>): Promise<OpenedChannel<T>> {
  return new Promise((resolve, reject) => {
    client.exec(commandLine(), (error, channel) => {
      if (error) reject(error);
      else resolve({ channel, client, attended: attend(channel, client) });
    });
  });
}

// ssh2's own messages: "Unable to exec" comes after the request was sent; channel errors and "Not connected" come before.
const mayHaveStarted = (error: unknown): boolean =>
  error instanceof Error && error.message === "Unable to exec";
