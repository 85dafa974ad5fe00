import type { SshEndpoint, Transport } from "../../contract/transport.ts";
import { channelSlots } from "./channel-slots.ts";
import { connection } from "./connection.ts";
import { forward } from "./forward.ts";
import { push } from "./push/push.ts";
import { remoteCommand, type RemoteCommandOptions } from "./remote-command.ts";

export interface ConnectOptions {
  /** Ends the first connection attempt; later calls have signals of their own. */
  readonly signal: AbortSignal;
  /** Milliseconds until SSH_UNREACHABLE, for the first connection and for each later one. */
  readonly timeoutMs: number;
  readonly log: (line: string) => void;
  /** Folder of the guest for what push remembers. Default `/var/lib/localkube`. */
  readonly guestStateDir?: string;
}

/**
 * Logs in to a machine, waiting for its sshd while it boots. Rejects with the signal's reason, SSH_UNREACHABLE,
 * SSH_HOST_KEY_MISMATCH, SSH_AUTH_FAILED, SSH_HANDSHAKE_FAILED or SSH_IDENTITY_UNREADABLE; nothing is left open then.
 */
export async function connect(endpoint: SshEndpoint, options: ConnectOptions): Promise<Transport> {
  const { log, timeoutMs, signal } = options;
  const live = connection(endpoint, { timeoutMs, log });
  try {
    await live.client(signal);
  } catch (error) {
    await live.close();
    throw error;
  }
  const context = { endpoint, connection: live, slots: channelSlots() };
  const run = (argv: readonly [string, ...string[]], execOptions?: RemoteCommandOptions) =>
    remoteCommand(context, argv, execOptions);
  const forwards = new Set<Awaited<ReturnType<typeof forward>>>();
  return {
    endpoint,
    exec: run,
    push: (entries, pushOptions) =>
      push(run, entries, {
        ...pushOptions,
        guestStateDir: options.guestStateDir ?? "/var/lib/localkube",
        becomeRoot: endpoint.user === "root" ? [] : ["sudo", "-n", "--"],
        log,
      }),
    forward: async (target, localPort = 0) => {
      const opened = await forward(live, target, localPort, log);
      forwards.add(opened);
      return opened;
    },
    close: async () => {
      await Promise.all([...forwards].map((opened) => opened.close()));
      await live.close();
    },
  };
}
