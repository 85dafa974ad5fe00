import { homedir } from "node:os";
import { join } from "node:path";
import type { HostContext } from "../../contract/host.ts";
import { packageRoot } from "../../host/package-root.ts";
import { environmentLine, execLine } from "../../host/systemd-quoting.ts";

type Host = Pick<HostContext, "env">;

const unitName = (profile: string): string => `localkube-${profile}.service`;

/** Where systemd looks for a user's own units (systemd.unit(5)), and the link that `systemctl --user enable` would create. */
export function autostartFiles(profile: string, { env }: Host) {
  const folder = join(env["XDG_CONFIG_HOME"] || join(env["HOME"] || homedir(), ".config"), "systemd", "user");
  return {
    unit: join(folder, unitName(profile)),
    link: join(folder, "default.target.wants", unitName(profile)),
    name: unitName(profile),
  } as const;
}

/** The environment that `localkube` needs to find the same clusters and programs later. Contains no secret. */
const kept = [
  "PATH",
  "LOCALKUBE_HOME",
  "XDG_CACHE_HOME",
  "XDG_CONFIG_HOME",
  "KUBECONFIG",
  "DOCKER_CONFIG",
  "REGISTRY_AUTH_FILE",
] as const;

/**
 * A systemd user unit. It starts the cluster as recorded, and when the user's session or the host ends it shuts the cluster down
 * cleanly: a machine that is merely killed comes back too, but has to repair its file system.
 */
export function autostartUnit(profile: string, { env }: Host): string {
  const program = join(packageRoot(), "bin", "localkube");
  const environment = kept.flatMap((name) => {
    const value = env[name];
    return value ? [environmentLine(name, value)] : [];
  });
  return [
    "[Unit]",
    `Description=localkube cluster ${profile}`,
    "",
    "[Service]",
    "Type=oneshot",
    "RemainAfterExit=yes",
    ...environment,
    `ExecStart=${execLine([program, "start", "--profile", profile, "--keep-context"])}`,
    `ExecStop=${execLine([program, "stop", "--profile", profile])}`,
    // What `start` leaves running (QEMU, conmon) is the cluster: it is ended by `stop`, not by the end of this unit's processes.
    "KillMode=process",
    "TimeoutStartSec=30min",
    "TimeoutStopSec=3min",
    "",
    "[Install]",
    "WantedBy=default.target",
    "",
  ].join("\n");
}
