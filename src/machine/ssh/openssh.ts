import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import type { SshEndpoint, SshServer } from "../../contract/transport.ts";
import { shellQuote } from "../../host/run-command.ts";
import { hostKeyAlgorithms } from "./dial.ts";

export interface OpensshOptions {
  /** File written by `writeKnownHosts`. */
  readonly knownHostsFile: string;
  /** Words of the remote command, each taken literally; without it a login shell. */
  readonly command?: readonly string[];
  /** true asks for a terminal, false for none; by default ssh decides (a terminal for a login shell). */
  readonly tty?: boolean;
}

/** argv of the real OpenSSH client, for interactive use; needs nothing of the user's own configuration. */
export function opensshArgv(endpoint: SshEndpoint, options: OpensshOptions): [string, ...string[]] {
  const { command, tty } = options;
  return [
    "ssh",
    ...commonOptions(endpoint, options.knownHostsFile),
    ...(tty === undefined ? [] : [tty ? "-t" : "-T"]),
    "-p",
    String(endpoint.port),
    "-l",
    endpoint.user,
    "--",
    endpoint.host,
    ...(command && command.length > 0 ? [`exec ${shellQuote(command)}`] : []),
  ];
}

/** One end of a copy: a path of the host, or of the machine. */
export type ScpPath = { readonly local: string } | { readonly remote: string };

export interface ScpOptions {
  readonly knownHostsFile: string;
  readonly from: ScpPath;
  readonly to: ScpPath;
  readonly recursive?: boolean;
}

/** argv of the real scp (OpenSSH 9 or newer: it takes paths literally except for patterns, which are made literal here). */
export function scpArgv(endpoint: SshEndpoint, options: ScpOptions): [string, ...string[]] {
  const host = endpoint.host.includes(":") ? `[${endpoint.host}]` : endpoint.host;
  const place = (path: ScpPath, source: boolean) => {
    // "a:b" would be taken for a file on host a.
    if ("local" in path) return path.local.startsWith("/") ? path.local : `./${path.local}`;
    return `${endpoint.user}@${host}:${source ? path.remote.replaceAll(/[\\*?[\]]/g, "\\$&") : path.remote}`;
  };
  return [
    "scp",
    ...commonOptions(endpoint, options.knownHostsFile),
    ...(options.recursive ? ["-r"] : []),
    "-P",
    String(endpoint.port),
    "--",
    place(options.from, true),
    place(options.to, false),
  ];
}

/** The line of a known_hosts file that pins a server's key. */
function knownHostsLine({ host, port, hostKey }: SshServer): string {
  return `${port === 22 ? host : `[${host}]:${port}`} ${hostKey.split(" ").slice(0, 2).join(" ")}`;
}

/** The lines that pin the machine's key, and that of the jump host. */
export const knownHostsText = ({ jump, ...machine }: SshEndpoint): string =>
  [machine, ...(jump ? [jump] : [])].map((server) => `${knownHostsLine(server)}\n`).join("");

/** Writes the known_hosts file (0600) that `opensshArgv` and `scpArgv` name; holds this one machine and its jump host. */
export async function writeKnownHosts(file: string, endpoint: SshEndpoint): Promise<void> {
  const { default: writeFileAtomic } = await import("write-file-atomic");
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeFileAtomic(file, knownHostsText(endpoint), { mode: 0o600 });
}

/** Options that leave nothing to the user's own configuration, and the way through the jump host. */
export function commonOptions({ jump, ...machine }: SshEndpoint, knownHostsFile: string): string[] {
  const way = jump ? ["-o", `ProxyCommand=${proxyCommand(machine, jump, knownHostsFile)}`] : [];
  return [...serverOptions(machine, knownHostsFile), ...way];
}

function serverOptions(server: SshServer, knownHostsFile: string): string[] {
  const { identityFile, agent, hostKey } = server;
  const settings = {
    StrictHostKeyChecking: "yes",
    UserKnownHostsFile: quotedPath(knownHostsFile),
    GlobalKnownHostsFile: "/dev/null",
    HostKeyAlgorithms: hostKeyAlgorithms(hostKey).join(","),
    UpdateHostKeys: "no",
    // With this the agent offers no keys but those of the file; and ssh has default key files that it would try.
    IdentitiesOnly: agent === undefined ? "yes" : "no",
    IdentityAgent: agent === undefined ? "none" : quotedPath(agent),
    IdentityFile: identityFile === undefined ? "none" : quotedPath(identityFile),
    PreferredAuthentications: "publickey",
    BatchMode: "yes",
    LogLevel: "ERROR",
    ControlMaster: "no",
    ControlPath: "none",
  };
  return ["-F", "none", ...Object.entries(settings).flatMap(([name, value]) => ["-o", `${name}=${value}`])];
}

/** ssh hands it to a shell; `%` would start a token. */
function proxyCommand({ host, port }: SshServer, jump: SshServer, knownHostsFile: string): string {
  const target = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  const argv = [
    "ssh",
    ...serverOptions(jump, knownHostsFile),
    ...["-W", target, "-p", String(jump.port), "-l", jump.user, "--", jump.host],
  ];
  return shellQuote(argv).replaceAll("%", "%%");
}

/** ssh reads option values like lines of its configuration: blanks divide, `%` starts a token. */
const quotedPath = (path: string): string =>
  `"${path.replaceAll("%", "%%").replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
