import type { Client } from "ssh2";
import type { BecomeRoot } from "./sudo.ts";

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
