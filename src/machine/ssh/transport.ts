import type { ConnectSsh, Forward } from "../../contract/transport.ts";
import { channelSlots } from "./channel.ts";
import { connection } from "./connection.ts";
import { forward } from "./forward.ts";
import { guestListener } from "./guest-listener.ts";
import { guestSocket } from "./guest-socket.ts";
import { push } from "./push/push.ts";
import { remoteCommand, type RemoteCommandOptions } from "./exec.ts";

/** See `ConnectSsh`. */
export const connect: ConnectSsh = async (endpoint, options) => {
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
  const forwards = new Set<Forward>();
  const keep = (opened: Forward): Forward => {
    forwards.add(opened);
    return opened;
  };
  return {
    endpoint,
    exec: run,
    push: (entries, pushOptions) =>
      push(run, entries, {
        ...pushOptions,
        guestStateDir: options.guestStateDir ?? "/var/lib/localkube",
        log,
      }),
    forward: async (target, localPort = 0) => keep(await forward(live, target, localPort, log)),
    listen: async (onConnection, { signal } = {}) => keep(await guestListener(live, onConnection, signal)),
    connectSocket: (path, { signal } = {}) => guestSocket({ endpoint, connection: live, run }, path, signal),
    close: async () => {
      await Promise.all([...forwards].map((opened) => opened.close()));
      await live.close();
    },
  };
};
