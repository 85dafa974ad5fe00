import { chmod, mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { HostContext } from "../../contract/host.ts";
import type { SshEndpoint } from "../../contract/transport.ts";
import { shellQuote } from "../../host/run-command.ts";
import { opensshArgv } from "./openssh.ts";

/** The way to a machine's docker. */
export interface DockerWay {
  readonly endpoint: SshEndpoint;
  /** File written by `writeKnownHosts`. */
  readonly knownHostsFile: string;
}

/** For DOCKER_HOST. The port always stands in it, so that the client names it and our ssh knows whom it is about. */
export const dockerHostUrl = ({ user, host, port }: SshEndpoint): string =>
  `ssh://${encodeURIComponent(user)}@${host.includes(":") ? `[${host}]` : host}:${port}`;

/** A user who is not root may not open docker's socket; a docker client cannot type a password. */
const asRoot = ({ sudo }: SshEndpoint): readonly string[] => (sudo ? ["sudo", "-n", "--"] : []);

/** argv with which the docker of the machine says its version, on the way that a docker client takes. */
export const dockerVersionArgv = ({ endpoint, knownHostsFile }: DockerWay): [string, ...string[]] =>
  opensshArgv(endpoint, {
    knownHostsFile,
    command: [...asRoot(endpoint), "docker", "version", "--format", "{{.Server.Version}}"],
    tty: false,
  });

/**
 * Writes a program `ssh` (`ssh.cmd` on Windows) for a docker client into `folder` (0700), which is to be first in PATH. Docker's client runs the ssh of
 * PATH, and has no way to name a key or a host key; without this the user's own configuration of ssh would have to be changed. For the machine of
 * `way` it adds ours; everything else goes on unchanged to the next ssh in PATH, which may be that of another cluster. Idempotent, atomic.
 */
export async function writeDockerSsh(
  folder: string,
  way: DockerWay,
  { platform }: Pick<HostContext, "platform">,
): Promise<void> {
  const { default: writeFileAtomic } = await import("write-file-atomic");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  // One that is there keeps its mode otherwise.
  await chmod(folder, 0o700);
  const [name, text] =
    platform === "win32" ? ["ssh.cmd", windowsScript(way)] : ["ssh", shellScript(folder, way)];
  await writeFileAtomic(join(folder, name), text, { mode: 0o700 });
}

/** argv up to where the words of the remote command begin. */
function sshWords({ endpoint, knownHostsFile }: DockerWay): readonly string[] {
  const [, ...words] = opensshArgv(endpoint, { knownHostsFile, tty: false });
  return ["-o", "ConnectTimeout=30", ...words, ...asRoot(endpoint)];
}

/**
 * Docker's client runs `ssh -o ConnectTimeout=30 -T -l USER -p PORT -- HOST docker system dial-stdio` (cli/connhelper in its source); older ones leave out the
 * two options, or have `--` after HOST. Only those forms are ours: what a user types with other options, or without user and port, is not.
 */
function shellScript(folder: string, way: DockerWay): string {
  const { user, host, port } = way.endpoint;
  return `#!/bin/sh
# Made by localkube docker-env and removed with the cluster: the ssh of a docker client.
ours=${shellQuote([folder])}

# PATH without this folder, so that the next ssh in it is another one.
rest=$PATH:
PATH=
while [ -n "$rest" ]; do
  entry=\${rest%%:*}
  rest=\${rest#*:}
  [ "\${entry:-.}" -ef "$ours" ] || PATH=\${PATH:+$PATH:}\${entry:-.}
done
export PATH

asks_for_ours() {
  user=
  port=
  while [ $# -gt 1 ]; do
    case $1 in
      -l) user=$2; shift 2 ;;
      -p) port=$2; shift 2 ;;
      -T | "-o ConnectTimeout="* | -oConnectTimeout=*) shift ;;
      --) shift; break ;;
      -*) return 1 ;;
      *) break ;;
    esac
  done
  [ "$user@\${1-}:$port" = ${shellQuote([`${user}@${host}:${port}`])} ]
}
asks_for_ours "$@" || exec ssh "$@"

while [ "$1" != ${shellQuote([host])} ]; do shift; done
shift
[ "\${1-}" != -- ] || shift
exec ssh ${shellQuote(sshWords(way))} "$@"
`;
}

/** Never run on Windows so far. The OpenSSH of Windows is `ssh.exe`, so that no search for it finds this file. */
function windowsScript(way: DockerWay): string {
  const { user, host, port } = way.endpoint;
  const words = [...sshWords(way), "docker", "system", "dial-stdio"].map(windowsQuote).join(" ");
  const lines = [
    "@echo off",
    "rem Made by localkube docker-env and removed with the cluster: the ssh of a docker client.",
    "setlocal DisableDelayedExpansion",
    'for %%s in (ssh.exe) do set "real=%%~$PATH:s"',
    'set "asked= %*"',
    'set "asked=%asked:"=%"',
    `echo(%asked%| "%SystemRoot%\\System32\\findstr.exe" /l /c:" -l ${user} -p ${port} -- ${host} " >nul || goto other`,
    `"%real%" ${words.replaceAll("%", "%%")}`,
    "exit /b %errorlevel%",
    ":other",
    '"%real%" %*',
    "exit /b %errorlevel%",
  ];
  return lines.map((line) => `${line}\r\n`).join("");
}

/** As the C runtime of Windows takes a command line apart. */
const windowsQuote = (word: string): string =>
  /^[\w@+=:,./-]+$/.test(word) ? word : `"${word.replaceAll(/(\\*)"/g, '$1$1\\"').replace(/\\+$/, "$&$&")}"`;
