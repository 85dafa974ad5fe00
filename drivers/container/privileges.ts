import { readFile } from "node:fs/promises";
import type { RunContext } from "../../src/contract/host.ts";
import type { Engine } from "./engine.ts";

/** How a container gets what a node needs from the kernel. */
export interface Privileges {
  readonly options: readonly string[];
  /** Its first process. */
  readonly command: readonly [string, ...string[]];
  /** A sentence for the user when this is not the usual way. */
  readonly notice?: string;
}

const init = "/sbin/init";
const allPrivileges: Privileges = { options: ["--privileged"], command: [init] };

/** Indexed by number, as the kernel counts them (linux/capability.h). */
const capabilities = [
  ...["CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID"],
  ...["SETPCAP", "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW"],
  ...["IPC_LOCK", "IPC_OWNER", "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT"],
  ...["SYS_ADMIN", "SYS_BOOT", "SYS_NICE", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD"],
  ...["LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP", "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG"],
  ...["WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ"],
];
// docker 20 does not know the three after these (PERFMON, BPF, CHECKPOINT_RESTORE); SYS_ADMIN includes what they allow.

/** /sys and the cgroups are read-only in a container that is not privileged. */
const writable = [
  "mount -o remount,rw /sys",
  'for place in /sys/fs/cgroup /sys/fs/cgroup/*; do ! mountpoint -q "$place" || mount -o remount,bind,rw "$place"; done',
  `exec ${init}`,
].join("\n");

/** Everything `--privileged` gives, but with only these capabilities, for a host that cannot grant all of them. */
export function restrictedPrivileges(boundingSet: bigint): Privileges {
  const has = capabilities.filter((_name, number) => (boundingSet >> BigInt(number)) & 1n);
  const without = capabilities.filter((name) => !has.includes(name)).map((name) => `CAP_${name}`);
  return {
    options: [
      ...has.flatMap((name) => ["--cap-add", name]),
      ...["seccomp=unconfined", "apparmor=unconfined", "systempaths=unconfined"].flatMap((option) => [
        "--security-opt",
        option,
      ]),
      ...["--device-cgroup-rule", "a *:* rwm", "--device", "/dev/kmsg"],
    ],
    command: ["/bin/sh", "-c", writable],
    notice: `this host cannot give ${without.join(", ") || "every capability"}: the machine runs with the remaining capabilities instead of as a privileged container`,
  };
}

/**
 * `--privileged` requests every capability of the kernel, including those that the engine's daemon itself lacks: "unable to apply caps:
 * operation not permitted". Where we lack some, it is tried with a container that does nothing; podman requests only those that exist.
 */
export async function choosePrivileges(engine: Engine, image: string, c: RunContext): Promise<Privileges> {
  if (engine.dialect.forksContainers) return allPrivileges;
  const [status = "", last = ""] = await Promise.all(
    ["/proc/self/status", "/proc/sys/kernel/cap_last_cap"].map((file) =>
      readFile(file, "utf8").catch(() => ""),
    ),
  );
  const bounding = BigInt(`0x${/^CapBnd:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? "0"}`);
  const every = (1n << (BigInt(last.trim() || "0") + 1n)) - 1n;
  if (status === "" || (bounding & every) === every) return allPrivileges;
  const trial = ["run", "--rm", "--privileged", "--network", "none", image, "/bin/true"];
  const result = await engine.change(trial, { signal: c.signal, timeoutMs: 60_000, allowFailure: true });
  return /unable to apply caps/.test(result.stderr) ? restrictedPrivileges(bounding) : allPrivileges;
}
