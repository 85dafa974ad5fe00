import { constants } from "node:os";
import type { Writable } from "node:stream";
import type { ClientChannel } from "ssh2";
import { lineSplitter } from "./line-splitter.ts";
import type { ProcessMarker } from "./process-group.ts";

export interface ChannelOutcome {
  /** 128 + signal number for a command ended by a signal; undefined when the connection broke before the end was known. */
  readonly exitCode: number | undefined;
  readonly exitSignal: string | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface AttendOptions {
  readonly marker: ProcessMarker;
  readonly stdout: Writable | undefined;
  readonly onLine: ((line: string) => void) | undefined;
  /** False when the connection under the channel is gone. */
  readonly connected: () => boolean;
  /** The command printed more than we keep in memory. */
  readonly onOverflow: (limitMiB: number) => void;
}

const outputLimitBytes = 64 * 1024 * 1024;

/**
 * Collects a command's output and end. Must be called in ssh2's own callback: the exit status may be in the packet that is being read
 * just then, and is lost to a listener that comes later.
 */
export function attendChannel(channel: ClientChannel, options: AttendOptions): Promise<ChannelOutcome> {
  const { marker, onLine } = options;
  const stdout = collector(options);
  const stderr = collector(options);
  const lines = onLine && { out: lineSplitter(onLine), err: lineSplitter(onLine) };
  let exit: { code: number | null; signal: string | undefined } | undefined;
  let outputWhole = false;

  const takeError = (chunk: Buffer) => {
    stderr.add(chunk);
    lines?.err.write(chunk);
  };
  channel.stderr.on("data", (chunk: Buffer) => takeError(marker.filter(chunk)));
  channel.on("data", (chunk: Buffer) => {
    if (!options.stdout) stdout.add(chunk);
    lines?.out.write(chunk);
  });
  if (options.stdout) channel.pipe(options.stdout, { end: false });
  channel.on("exit", (code: number | null, signal?: string) => (exit = { code, signal }));
  // When the connection breaks, ssh2 makes up an end of the output; only an end sent by sshd counts.
  channel.on("end", () => (outputWhole = options.connected()));
  // A command that ends before it read all its input; its end is reported by `close`.
  channel.on("error", () => undefined);

  return new Promise((resolve) => {
    channel.once("close", () => {
      takeError(marker.end());
      lines?.out.end();
      lines?.err.end();
      resolve({
        exitCode: outputWhole && exit ? (exit.code ?? signalCode(exit.signal)) : undefined,
        exitSignal: exit?.signal,
        stdout: stdout.text(),
        stderr: stderr.text(),
      });
    });
  });
}

function collector({ onOverflow }: AttendOptions) {
  const chunks: Buffer[] = [];
  let bytes = 0;
  return {
    add(chunk: Buffer) {
      bytes += chunk.length;
      if (bytes <= outputLimitBytes) chunks.push(chunk);
      else onOverflow(outputLimitBytes / 2 ** 20);
    },
    text: () => Buffer.concat(chunks).toString("utf8"),
  };
}

const signalCode = (name = ""): number =>
  128 + ((constants.signals as Partial<Record<string, number>>)[name] ?? 0);

export type ChannelInput = string | Uint8Array | AsyncIterable<Uint8Array | string>;

/**
 * Writes all input and the end of it. Stops silently when `closed` aborts: a command that ends without reading all its input is not
 * an error. Rejects when the input itself breaks; the channel is then left open, so that its reader does not see a regular end.
 */
export async function feedChannel(
  channel: ClientChannel,
  input: ChannelInput | undefined,
  closed: AbortSignal,
): Promise<void> {
  if (input === undefined || typeof input === "string" || input instanceof Uint8Array) {
    channel.end(input);
    return;
  }
  for await (const chunk of input) {
    if (closed.aborted) return;
    // Waits until the chunk has become packets, not only until there is room: sources may use their buffer again.
    await written(channel, chunk, closed);
    if (closed.aborted) return;
  }
  channel.end();
}

function written(channel: ClientChannel, chunk: Uint8Array | string, closed: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      closed.removeEventListener("abort", done);
      resolve();
    };
    // ssh2 never calls back for a write on a closed channel; without the signal this would wait for ever.
    closed.addEventListener("abort", done, { once: true });
    channel.write(chunk, done);
  });
}

/** The same input after a prefix of ours; the channel's own end is unchanged. */
export function withPreamble(preamble: string, input: ChannelInput | undefined): ChannelInput | undefined {
  if (preamble === "") return input;
  if (input === undefined || typeof input === "string") return preamble + (input ?? "");
  if (input instanceof Uint8Array) return Buffer.concat([Buffer.from(preamble), input]);
  return after(preamble, input);
}

async function* after(
  preamble: string,
  input: AsyncIterable<Uint8Array | string>,
): AsyncGenerator<Uint8Array | string> {
  yield preamble;
  yield* input;
}

/** Hands out a fixed number of places, first come first served. */
export interface ChannelSlots {
  /** Resolves to the function that gives the place back (calling it twice does no harm); rejects when aborted while waiting. */
  acquire(signal: AbortSignal): Promise<() => void>;
}

/** sshd allows 10 sessions on one connection (MaxSessions); we use fewer, so that a command can be ended by another one. */
export function channelSlots(count = 8): ChannelSlots {
  let free = count;
  const waiting: (() => void)[] = [];

  const place = (): (() => void) => {
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    };
  };

  return {
    acquire(signal) {
      if (signal.aborted) return Promise.reject(signal.reason as Error);
      if (free > 0) {
        free -= 1;
        return Promise.resolve(place());
      }
      return new Promise((resolve, reject) => {
        const turn = () => {
          signal.removeEventListener("abort", abort);
          resolve(place());
        };
        const abort = () => {
          waiting.splice(waiting.indexOf(turn), 1);
          reject(signal.reason as Error);
        };
        waiting.push(turn);
        signal.addEventListener("abort", abort, { once: true });
      });
    },
  };
}
