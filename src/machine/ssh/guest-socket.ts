import { type Duplex, duplexPair } from "node:stream";
import type { Client, ClientChannel } from "ssh2";
import { LocalkubeError, messageOf } from "../../contract/errors/localkube-error.ts";
import type { ExecResult, SshEndpoint } from "../../contract/transport.ts";
import { lastLines } from "../../host/run-command.ts";
import type { Connection } from "./connection.ts";
import type { RemoteCommandOptions } from "./exec.ts";

interface SocketContext {
  readonly endpoint: SshEndpoint;
  readonly connection: Connection;
  readonly run: (argv: readonly [string, ...string[]], options?: RemoteCommandOptions) => Promise<ExecResult>;
}

const connectMs = 20_000;
/** A stream that is carried by a command lives as long as the command that opened it. */
const longestMs = 3_600_000;

/** See `Transport.connectSocket`. Over sshd itself, which opens it as the user who logged in; for another user than root by a program under sudo. */
export async function guestSocket(
  { endpoint, connection, run }: SocketContext,
  path: string,
  signal?: AbortSignal,
): Promise<Duplex> {
  if (endpoint.sudo) return throughProgram(run, path, signal);
  const limit = AbortSignal.any([AbortSignal.timeout(connectMs), ...(signal ? [signal] : [])]);
  const client = await connection.client(limit);
  try {
    const channel = await openChannel(client, path);
    signal?.addEventListener("abort", () => channel.destroy(), { once: true });
    // `destroy` of a channel ends it as if everything had been sent; only `close` tells the guest that the peer is gone.
    channel.once("close", () => channel.close());
    return channel;
  } catch (error) {
    signal?.throwIfAborted();
    throw failed(path, messageOf(error), error);
  }
}

const openChannel = (client: Client, path: string): Promise<ClientChannel> =>
  new Promise((resolve, reject) => {
    client.openssh_forwardOutStreamLocal(path, (error, channel) => {
      if (error) reject(error);
      else resolve(channel);
    });
  });

const perl = String.raw`
use IO::Socket::UNIX;
my $socket = IO::Socket::UNIX->new(Peer => $ARGV[0]) or do { print STDERR "$!\n"; exit 3 };
sub carry {
  my ($from, $to) = @_;
  while (sysread($from, my $bytes, 65536)) {
    for (my $at = 0; $at < length $bytes; ) { $at += syswrite($to, $bytes, length($bytes) - $at, $at) // exit }
  }
}
my $sender = fork // exit 4;
if (!$sender) { carry(\*STDIN, $socket); shutdown($socket, 1); exit }
carry($socket, \*STDOUT);
kill 15, $sender`;

/** Every Debian has perl; others mostly have one of the rest. */
const script = `
if command -v perl >/dev/null; then exec perl -e "$2" "$1"
elif command -v socat >/dev/null; then exec socat STDIO "UNIX-CONNECT:$1"
elif command -v nc >/dev/null; then exec nc -U "$1"
fi
echo "perl, socat or nc is needed there" >&2
exit 127
`;

function throughProgram(run: SocketContext["run"], path: string, signal?: AbortSignal): Duplex {
  const [stream, far] = duplexPair();
  const over = new AbortController();
  stream.once("close", () => over.abort());
  run(["sh", "-c", script, "sh", path, perl], {
    stdin: far,
    stdout: far,
    label: `connect to ${path}`,
    timeoutMs: longestMs,
    allowFailure: true,
    signal: AbortSignal.any([over.signal, ...(signal ? [signal] : [])]),
  }).then(
    ({ exitCode, stderr }) => {
      if (exitCode === 0) far.end();
      else stream.destroy(failed(path, lastLines(stderr, 1) || `exit code ${exitCode}`));
    },
    (error: unknown) => {
      if (!over.signal.aborted) stream.destroy(failed(path, messageOf(error), error));
    },
  );
  return stream;
}

const failed = (path: string, problem: string, cause?: unknown): LocalkubeError =>
  new LocalkubeError("SSH_SOCKET_FAILED", { path, problem }, { cause });
