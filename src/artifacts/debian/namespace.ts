import type { HostContext } from "../../contract/host.ts";

export type Argv = readonly [string, ...string[]];

/**
 * Runs a program as root of namespaces of its own: mounts are seen by nobody else and end with it, and when the program or we are
 * killed, the kernel kills whatever it had started. A user without root becomes root of a user namespace with his subordinate ids.
 */
export function inNamespaces(host: HostContext, argv: Argv): Argv {
  const users = host.isRoot ? [] : ["--user", "--map-auto", "--map-root-user"];
  return [
    "setpriv",
    "--pdeathsig",
    "KILL",
    "unshare",
    ...users,
    "--mount",
    "--pid",
    "--fork",
    "--kill-child",
    "--mount-proc",
    "--",
    ...argv,
  ];
}

export interface InRoot {
  /** Folder inside the root. */
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
}

const enter = `mount --rbind /dev "$1/dev" && mount --rbind /proc "$1/proc" && exec chroot "$@"`;

/** Runs a program inside the Debian root, with that environment and nothing of the host's. */
export function inRoot(host: HostContext, root: string, argv: Argv, { cwd, env = {} }: InRoot): Argv {
  const variables = {
    PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
    HOME: "/root",
    LC_ALL: "C.UTF-8",
    ...env,
  };
  return inNamespaces(host, [
    "sh",
    "-c",
    enter,
    "sh",
    root,
    "env",
    "-i",
    `--chdir=${cwd}`,
    ...Object.entries(variables).map(([name, value]) => `${name}=${value}`),
    ...argv,
  ]);
}
