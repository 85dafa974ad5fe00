import { constants } from "node:os";
import type { Writable } from "node:stream";
import type { ClientChannel } from "ssh2";
import { lineSplitter } from "./line-splitter.ts";
import type { ProcessMarker } from "./process-marker.ts";

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
