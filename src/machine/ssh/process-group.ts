import { randomBytes } from "node:crypto";
import type { Client } from "ssh2";
import type { BecomeRoot } from "./sudo.ts";

/**
 * sshd reports no process ids and refuses signals for root's sessions, so the shell prints its own id as the first line of standard
 * error. It is removed again here; with it a command is ended together with everything it started.
 */
export interface ProcessMarker {
  /** To be put before the command line. */
  readonly prefix: string;
  /** Process id (and process group) of the command; undefined when the stream ended without it. */
  readonly pid: Promise<number | undefined>;
  /** Standard error as the command wrote it. */
  filter(chunk: Buffer): Buffer;
  /** What was still held back when the stream ended. */
  end(): Buffer;
}

const longestSearch = 64 * 1024;

export function processMarker(): ProcessMarker {
  const word = `localkube-pid-${randomBytes(8).toString("hex")}`;
  const line = new RegExp(`${word} (\\d+)\n`);
  const { promise: pid, resolve: found } = Promise.withResolvers<number | undefined>();
  let held: Buffer | undefined = Buffer.alloc(0);
  return {
    prefix: `echo "${word} $$" >&2; `,
    pid,
    filter(chunk) {
      if (!held) return chunk;
      held = Buffer.concat([held, chunk]);
      const text = held.toString("latin1");
      const match = line.exec(text);
      if (!match && held.length < longestSearch) return Buffer.alloc(0);
      const rest = match ? text.replace(match[0], "") : text;
      held = undefined;
      found(match ? Number(match[1]) : undefined);
      return Buffer.from(rest, "latin1");
    },
    end() {
      found(undefined);
      const rest = held ?? Buffer.alloc(0);
      held = undefined;
      return rest;
    },
  };
}

// `-s` and `--` together are the one form that every shell's kill understands for a group.
const script =
  'kill -s TERM -- "-$1" 2>/dev/null; i=0; ' +
  'while [ "$i" -lt 20 ] && kill -s 0 -- "-$1" 2>/dev/null; do i=$((i+1)); sleep 0.1; done; ' +
  'kill -s KILL -- "-$1" 2>/dev/null';

/**
 * Ends a command of this connection and its children: SIGTERM, after 2 s SIGKILL. Resolves when they are gone or when that
 * cannot be known any more; never rejects. Uses a channel beyond the slots, of which two are kept free.
 */
export function endProcessGroup(client: Client, pid: number, root: BecomeRoot): Promise<void> {
  return new Promise((resolve) => {
    const give = setTimeout(resolve, 4000);
    const done = () => {
      clearTimeout(give);
      resolve();
    };
    try {
      client.exec(root.wrap(["sh", "-c", script, "sh", String(pid)]), (error, channel) => {
        if (error) return done();
        channel.once("close", done).resume();
        channel.stderr.resume();
        channel.end(root.preamble);
      });
    } catch {
      done();
    }
  });
}
