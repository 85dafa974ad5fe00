import { homedir } from "node:os";
import { join } from "node:path";
import type { HostContext } from "../../contract/host.ts";
import { packageRoot } from "../../host/package-root.ts";
import { environmentLine, execLine } from "../../host/systemd-quoting.ts";

type Host = Pick<HostContext, "env">;

const unitName = (profile: string): string => `localkube-${profile}.service`;

/** Where systemd looks for a user's own units (systemd.unit(5)), and the link that `systemctl --user enable` would make. */
export function autostartFiles(profile: string, { env }: Host) {
  const folder = join(env["XDG_CONFIG_HOME"] || join(env["HOME"] || homedir(), ".config"), "systemd", "user");
  return {
    unit: join(folder, unitName(profile)),
    link: join(folder, "default.target.wants", unitName(profile)),
    name: unitName(profile),
  } as const;
}

/** What `localkube` needs of today's environment to find the same clusters and programs tomorrow. No secret is among them. */
const kept = ["PATH", "LOCALKUBE_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "KUBECONFIG"] as const;

/**
 * A unit of the user's own systemd. It starts the cluster as it is recorded, and when the user's session or the host ends it stops it in
 * order: a machine that is merely killed comes back too, but has to mend its file system.
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
    // What `start` leaves running (QEMU, conmon) is the cluster: `stop` ends it, not the end of this unit's processes.
    "KillMode=process",
    "TimeoutStartSec=30min",
    "TimeoutStopSec=3min",
    "",
    "[Install]",
    "WantedBy=default.target",
    "",
  ].join("\n");
}
