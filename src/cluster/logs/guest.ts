import { Writable } from "node:stream";
import type { Transport } from "../../contract/transport.ts";
import { lineSplitter } from "../../machine/ssh/line-splitter.ts";
import type { LogComponents } from "./components.ts";

/** Receives lines in order; a section's name comes before its lines. */
export interface LogSink {
  section(name: string): void;
  line(text: string): void;
}

export interface GuestLogRequest {
  readonly components: LogComponents;
  /** Number of lines for each unit and container. */
  readonly lines: number;
  readonly signal: AbortSignal;
}

/** Precedes a section's name; programs do not log this character. */
const mark = "\u001e";

// $1 number of lines, $2 whether pods are requested, then units. Everything in one round trip.
const readScript = `
lines=$1 pods=$2; shift 2
for unit; do
  printf '\\036%s\\n' "$unit"
  journalctl --no-pager --quiet --output=short-iso --lines="$lines" --unit="$unit"
done
[ "$pods" = yes ] || exit 0
for file in /var/log/pods/kube-system_*/*/*.log; do
  [ -e "$file" ] || continue
  container=\${file%/*}; pod=\${container%/*}; pod=\${pod##*/kube-system_}
  printf '\\036%s\\n' "pod \${pod%_*}, container \${container##*/}"
  tail -n "$lines" -- "$file"
done
`;

const followScript = `
lines=$1 pods=$2; shift 2
for unit; do set -- "$@" --unit="$unit"; shift; done
[ "$pods" = yes ] && tail -n "$lines" --quiet --follow=name --retry /var/log/pods/kube-system_*/*/*.log 2>/dev/null &
[ $# = 0 ] || journalctl --no-pager --quiet --output=short-iso --lines="$lines" --follow "$@" &
wait
`;

/** The longest timeout of a Node timer; following ends by the signal. */
const foreverMs = 2 ** 31 - 1;
const readTimeoutMs = 60_000;

/** Reads the last lines of each component. */
export function readGuestLogs(transport: Transport, request: GuestLogRequest, sink: LogSink): Promise<void> {
  return run(transport, readScript, readTimeoutMs, request, sink);
}

/** Reads the same, then follows without sections until the signal aborts (rejects with its reason) or the machine stops. */
export function followGuestLogs(
  transport: Transport,
  request: GuestLogRequest,
  sink: LogSink,
): Promise<void> {
  return run(transport, followScript, foreverMs, request, sink);
}

async function run(
  transport: Transport,
  script: string,
  timeoutMs: number,
  { components, lines, signal }: GuestLogRequest,
  sink: LogSink,
): Promise<void> {
  const splitter = lineSplitter((line) =>
    line.startsWith(mark) ? sink.section(line.slice(1)) : sink.line(line),
  );
  const stdout = new Writable({
    write(chunk: Buffer, _encoding, done) {
      splitter.write(chunk);
      done();
    },
  });
  const pods = components.pods ? "yes" : "no";
  const argv = ["sh", "-c", script, "sh", String(lines), pods, ...components.units] as const;
  await transport.exec(argv, { signal, timeoutMs, stdout });
  splitter.end();
}
