import { setTimeout as pause } from "node:timers/promises";
import type { Client, ClientChannel } from "ssh2";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { ExecOptions, ExecResult, SshEndpoint } from "../../contract/transport.ts";
import { lastLines, shellQuote } from "../../host/run-command.ts";
import {
  type ChannelInput,
  type ChannelOutcome,
  type ChannelSlots,
  attendChannel,
  feedChannel,
  withPreamble,
} from "./channel.ts";
import type { Connection } from "./connection.ts";
import { type Deadline, DeadlineReached, startDeadline, unlessAborted } from "./deadline.ts";
import { type ProcessMarker, endProcessGroup, processMarker } from "./process-group.ts";
import { type BecomeRoot, alreadyRoot } from "./sudo.ts";

export interface RemoteCommandContext {
  readonly endpoint: SshEndpoint;
  readonly connection: Connection;
  readonly slots: ChannelSlots;
}

export type RemoteCommandOptions = Omit<ExecOptions, "stdin"> & {
  readonly stdin?: ChannelInput;
  /** Stands for the command in errors; default the command itself. */
  readonly label?: string;
};

const defaultTimeoutMs = 60_000;
const shownCharacters = 300;
const shownLines = 12;

/** Runs one command; see `Transport.exec`. A command that is given up is ended in the guest before the call rejects. */
export async function remoteCommand(
  context: RemoteCommandContext,
  argv: readonly [string, ...string[]],
  options: RemoteCommandOptions = {},
): Promise<ExecResult> {
  // Before anything is done: a word no shell can represent is the caller's mistake.
  remoteCommandLine(argv);
  const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
  const deadline = startDeadline(timeoutMs, options.signal);
  const label = options.label ?? shortened(shellQuote(argv));
  let release: (() => void) | undefined;
  let connecting = false;
  try {
    release = await context.slots.acquire(deadline.signal);
    const outcome = await conduct(context, argv, options, deadline, label, (now) => (connecting = now));
    return result(outcome, context.endpoint, label, options);
  } catch (error) {
    if (!(error instanceof DeadlineReached)) throw error;
    const { host, port } = context.endpoint;
    const seconds = timeoutMs / 1000;
    if (connecting) throw new LocalkubeError("SSH_UNREACHABLE", { host, port, seconds });
    throw new LocalkubeError("SSH_COMMAND_TIMEOUT", { command: label, seconds });
  } finally {
    deadline.clear();
    release?.();
  }
}

async function conduct(
  { connection, endpoint }: RemoteCommandContext,
  argv: readonly string[],
  options: RemoteCommandOptions,
  deadline: Deadline,
  label: string,
  onConnecting: (connecting: boolean) => void,
): Promise<ChannelOutcome> {
  const marker = processMarker();
  const over = new AbortController();
  const fault = Promise.withResolvers<never>();
  fault.promise.catch(() => undefined);
  const { channel, client, attended } = await openExecChannel(connection, endpoint, {
    commandLine: () => marker.prefix + remoteCommandLine(argv, connection.root()),
    label,
    signal: deadline.signal,
    onConnecting,
    attend: (opened, owner) =>
      attendChannel(opened, {
        marker,
        stdout: options.stdout,
        onLine: options.onLine,
        connected: () => connection.isAlive(owner),
        onOverflow: (limitMiB) =>
          fault.reject(
            new LocalkubeError(
              "SSH_COMMAND_FAILED",
              { command: label, exitCode: "none" },
              { output: `It wrote more than ${limitMiB} MiB and was ended.` },
            ),
          ),
      }),
  });
  const giveUp = () => fault.reject(deadline.signal.reason);
  deadline.signal.addEventListener("abort", giveUp, { once: true });
  if (deadline.signal.aborted) giveUp();
  options.stdout?.once("error", fault.reject);
  const { preamble } = connection.root();
  feedChannel(channel, withPreamble(preamble, options.stdin), over.signal).catch(fault.reject);
  const ended = attended.finally(() => over.abort());
  try {
    const outcome = await Promise.race([ended, fault.promise]);
    if (options.stdout) await Promise.race([flushed(options.stdout), fault.promise]);
    return outcome;
  } catch (error) {
    over.abort();
    await dismiss(channel, client, marker, ended, connection);
    throw error;
  } finally {
    deadline.signal.removeEventListener("abort", giveUp);
    options.stdout?.off("error", fault.reject);
  }
}

/** Ends the command in the guest and closes the channel; takes 5 s at most, usually some milliseconds. */
async function dismiss(
  channel: ClientChannel,
  client: Client,
  marker: ProcessMarker,
  ended: Promise<unknown>,
  connection: Connection,
): Promise<void> {
  const patience = pause(5000, undefined, { ref: false });
  // Nobody reads it any more: without this the channel's end would wait behind unread output.
  channel.unpipe();
  channel.resume();
  const pid = await Promise.race([marker.pid, ended.then(() => undefined), patience]);
  if (typeof pid === "number" && connection.isAlive(client))
    await Promise.race([endProcessGroup(client, pid, connection.root()), patience]);
  channel.close();
  await Promise.race([ended, patience]);
}

function result(
  outcome: ChannelOutcome,
  { host, port }: SshEndpoint,
  command: string,
  { allowFailure }: RemoteCommandOptions,
): ExecResult {
  const { exitCode, exitSignal, stdout, stderr } = outcome;
  if (exitCode === undefined) throw new LocalkubeError("SSH_CONNECTION_LOST", { host, port, command });
  if (exitCode === 0 || allowFailure) return { exitCode, stdout, stderr };
  throw new LocalkubeError(
    "SSH_COMMAND_FAILED",
    { command, exitCode: exitSignal ? `${exitCode} (${exitSignal})` : exitCode },
    { output: lastLines(stderr.trim() === "" ? stdout : stderr, shownLines) },
  );
}

/** Resolves when everything written so far has left the stream. */
const flushed = (stream: NodeJS.WritableStream): Promise<void> =>
  new Promise((resolve) => stream.write("", () => resolve()));

const shortened = (text: string): string =>
  text.length > shownCharacters ? `${text.slice(0, shownCharacters)}…` : text;

interface OpenExecOptions<T> {
  /** Made when the connection stands: only then it is known how one becomes root there. */
  readonly commandLine: () => string;
  readonly label: string;
  readonly signal: AbortSignal;
  /** Tells whether the call waits for a connection just now. */
  readonly onConnecting: (connecting: boolean) => void;
  /** Called at once when the channel stands, before anything else is read from the connection. */
  readonly attend: (channel: ClientChannel, client: Client) => T;
}

interface OpenedChannel<T> {
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
async function openExecChannel<T>(
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

/**
 * argv as text for a remote shell (bash, dash, any POSIX shell), run as root: every word is taken literally.
 * `exec` makes the program take the shell's place, so that its process id is the shell's and signals reach it.
 * Throws TypeError for words that no shell can represent (NUL).
 */
export function remoteCommandLine(argv: readonly string[], root: BecomeRoot = alreadyRoot): string {
  if (argv[0] === undefined || argv[0] === "" || argv[0].startsWith("-"))
    throw new TypeError(`not a program: ${JSON.stringify(argv[0])}`);
  if (argv.some((word) => word.includes("\0"))) throw new TypeError("NUL in a remote command");
  return root.wrap(argv);
}
