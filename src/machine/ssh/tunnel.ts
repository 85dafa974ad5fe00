import { access, readFile, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { HostContext } from "../../contract/host.ts";
import type { SshEndpoint } from "../../contract/transport.ts";
import { commonOptions, writeKnownHosts } from "./openssh.ts";

/** A port of 127.0.0.1 that is forwarded to a port of a machine for as long as the machine lives, without a running localkube command. */
export interface Tunnel {
  readonly endpoint: SshEndpoint;
  /** File written for the OpenSSH client. */
  readonly knownHostsFile: string;
  /** Unix socket by which the client that holds the tunnel is asked and ended. */
  readonly socket: string;
  readonly localPort: number;
  /** On the machine's own loopback. */
  readonly remotePort: number;
}

type Context = { readonly host: HostContext; readonly signal: AbortSignal };

const openMs = 60_000;
const askMs = 10_000;

// A dead machine or network is noticed within a minute; the client then ends and the next command that needs the tunnel reopens it.
const keepAlive = [
  "ServerAliveInterval=15",
  "ServerAliveCountMax=4",
  "TCPKeepAlive=yes",
  "ConnectTimeout=20",
];

/**
 * Opens the tunnel unless it stands: an OpenSSH client in the background that outlives us. Returns whether it had to be made. Rejects with
 * SSH_TUNNEL_FAILED and the client's words.
 */
export async function openTunnel(tunnel: Tunnel, c: Context): Promise<boolean> {
  if (await isTunnelOpen(tunnel, c)) return false;
  const { endpoint, localPort, remotePort, socket } = tunnel;
  await writeKnownHosts(tunnel.knownHostsFile, endpoint);
  // What a killed client leaves would keep the next one from listening.
  await rm(socket, { force: true });
  const argv: [string, ...string[]] = [
    ...toFile(said),
    ...client(tunnel),
    ...["-f", "-N", "-T", "-M"],
    ...["ExitOnForwardFailure=yes", ...keepAlive].flatMap((option) => ["-o", option]),
    ...["-L", `127.0.0.1:${localPort}:127.0.0.1:${remotePort}`],
    ...destination(endpoint),
  ];
  const { exitCode } = await c.host.run(argv, {
    signal: c.signal,
    timeoutMs: openMs,
    cwd: dirname(socket),
    allowFailure: true,
  });
  if (exitCode === 0) return true;
  throw new LocalkubeError(
    "SSH_TUNNEL_FAILED",
    { port: localPort, host: endpoint.host },
    { output: (await readFile(join(dirname(socket), said), "utf8").catch(() => "")).trim() },
  );
}

/** Whether the client that holds the tunnel lives. Read-only. */
export async function isTunnelOpen(tunnel: Tunnel, c: Context): Promise<boolean> {
  return (await control(tunnel, "check", c)) === 0;
}

/** Ends the client; fine when there is none. */
export async function closeTunnel(tunnel: Tunnel, c: Context): Promise<void> {
  await control(tunnel, "exit", c);
  await rm(tunnel.socket, { force: true });
  await rm(join(dirname(tunnel.socket), said), { force: true });
}

/** The same for a tunnel of which only the socket is known. */
export async function closeTunnelAt(socket: string, c: Context): Promise<void> {
  const isThere = await access(socket).then(
    () => true,
    () => false,
  );
  if (!isThere) return;
  // The client behind the socket is asked, so that the destination is only a word that the program wants.
  const argv = ["ssh", "-F", "none", "-S", basename(socket), "-O", "exit", "--", "localhost"] as const;
  await c.host
    .run(argv, { signal: c.signal, timeoutMs: askMs, cwd: dirname(socket), allowFailure: true })
    .catch(() => c.signal.throwIfAborted());
}

async function control(tunnel: Tunnel, verb: "check" | "exit", c: Context): Promise<number> {
  const argv = [...client(tunnel), "-O", verb, ...destination(tunnel.endpoint)] as [string, ...string[]];
  const { exitCode } = await c.host
    .run(argv, { signal: c.signal, timeoutMs: askMs, cwd: dirname(tunnel.socket), allowFailure: true })
    .catch((error: unknown) => {
      // The folder is gone with the cluster, or there is no ssh: nobody can hold a tunnel then.
      c.signal.throwIfAborted();
      if (error instanceof LocalkubeError && error.id === "HOST_COMMAND_TIMEOUT") throw error;
      return { exitCode: 255 };
    });
  return exitCode;
}

/** What the client says before it is in the background, beside its socket. */
const said = "tunnel.log";

/** The client to the jump host keeps our standard error open for as long as it lives: if that were a pipe, we would wait for its end. */
const toFile = (file: string): [string, ...string[]] => ["sh", "-c", 'exec "$@" > /dev/null 2> "$0"', file];

/** The socket is named relative to the working folder: a Unix socket's path may have 104 bytes, and state folders are anywhere. */
const client = ({ endpoint, knownHostsFile, socket }: Tunnel): readonly string[] => [
  "ssh",
  // The first value of an option counts.
  "-S",
  basename(socket),
  ...commonOptions(endpoint, knownHostsFile),
];

const destination = ({ host, port, user }: SshEndpoint): readonly string[] => [
  ...["-p", String(port), "-l", user, "--", host],
];
