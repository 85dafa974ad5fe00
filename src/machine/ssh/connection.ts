import { setTimeout as pause } from "node:timers/promises";
import type { Client } from "ssh2";
import { LocalkubeError, messageOf } from "../../contract/errors/localkube-error.ts";
import type { SshEndpoint } from "../../contract/transport.ts";
import { startDeadline, unlessAborted } from "./deadline.ts";
import { dial } from "./dial.ts";
import { becomeRoot, type BecomeRoot } from "./sudo.ts";

export interface ConnectionOptions {
  /** Milliseconds for one (re)connection, all attempts together. */
  readonly timeoutMs: number;
  readonly log: (line: string) => void;
}

/** The live ssh2 client of an endpoint, reconnected when it was lost. */
export interface Connection {
  /** Connected client; callers side by side share one attempt. Rejects with the signal's reason, SSH_UNREACHABLE or what `dial` rejects with. */
  client(signal: AbortSignal): Promise<Client>;
  /** How commands become root's; known once `client` resolved. */
  root(): BecomeRoot;
  /** False as soon as the client's socket has ended. */
  isAlive(client: Client): boolean;
  close(): Promise<void>;
}

const firstPauseMs = 20;
const longestPauseMs = 200;
const closeGraceMs = 1000;
/** A wrong password costs some seconds; PAM may ask a directory. */
const sudoMs = 30_000;
const sudoSignal = (signal: AbortSignal): AbortSignal =>
  AbortSignal.any([signal, AbortSignal.timeout(sudoMs)]);

export function connection(endpoint: SshEndpoint, options: ConnectionOptions): Connection {
  const closing = new AbortController();
  let current: Promise<Client> | undefined;
  let alive: Client | undefined;
  let root: BecomeRoot | undefined;

  const open = async (): Promise<Client> => {
    const client = await reach(endpoint, options, closing.signal);
    root ??= await becomeRoot(endpoint, client, sudoSignal(closing.signal)).catch((error: unknown) => {
      client.destroy();
      throw error;
    });
    if (closing.signal.aborted) {
      client.destroy();
      throw closing.signal.reason as Error;
    }
    alive = client;
    const lost = () => {
      if (alive === client) alive = current = undefined;
    };
    client.once("end", lost);
    client.once("close", lost);
    client.once("error", lost);
    return client;
  };

  return {
    root() {
      if (!root) throw new Error("not connected yet");
      return root;
    },
    isAlive: (client) => alive === client,
    client(signal) {
      if (closing.signal.aborted) return Promise.reject(closing.signal.reason as Error);
      if (!current) {
        const attempt = open();
        attempt.catch(() => {
          if (current === attempt) current = undefined;
        });
        current = attempt;
      }
      return unlessAborted(current, signal);
    },
    async close() {
      const client = alive;
      alive = undefined;
      closing.abort(new Error("the transport is closed"));
      if (!client) return;
      const closed = new Promise<void>((resolve) => client.once("close", () => resolve()));
      client.end();
      await Promise.race([closed, pause(closeGraceMs, undefined, { ref: false })]);
      client.destroy();
    },
  };
}

/** Tries until sshd answers: quickly, because a machine boots in about a second and every pause is dead time. */
async function reach(
  endpoint: SshEndpoint,
  { timeoutMs, log }: ConnectionOptions,
  signal: AbortSignal,
): Promise<Client> {
  const deadline = startDeadline(timeoutMs, signal);
  const { host, port } = endpoint;
  let pauseMs = firstPauseMs;
  let greetingTimeoutMs = 2000;
  let said = "";
  try {
    for (;;) {
      try {
        return await dial(endpoint, {
          signal: deadline.signal,
          greetingTimeoutMs,
          timeoutMs: deadline.remaining(),
        });
      } catch (error) {
        if (error instanceof LocalkubeError) throw error;
        signal.throwIfAborted();
        const problem = messageOf(error);
        if (problem !== said && !deadline.signal.aborted) log(`ssh ${host}:${port}: ${(said = problem)}`);
        if (deadline.remaining() <= pauseMs)
          throw new LocalkubeError(
            "SSH_UNREACHABLE",
            { host, port, seconds: timeoutMs / 1000 },
            { cause: error, output: said },
          );
      }
      await pause(pauseMs, undefined, { signal }).catch(() => signal.throwIfAborted());
      pauseMs = Math.min(pauseMs * 1.5, longestPauseMs);
      // Forwarders that accept before the guest listens keep us hanging: give up early, later for machines that are slow to come up. A
      // part of the time waited so far, or a machine that is already up would be noticed as late as the last attempt was long.
      greetingTimeoutMs = Math.min(Math.max(2000, (timeoutMs - deadline.remaining()) / 4), 15_000);
    }
  } finally {
    deadline.clear();
  }
}
