import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { Transport } from "../../contract/transport.ts";

/** What the machine is, asked once per start. Versions are empty when the program is not there. */
export interface GuestFacts {
  readonly os: string;
  readonly osVersion: string;
  readonly kernel: string;
  readonly cgroupVersion: 1 | 2;
  /** `container` environments have no module loading and may lack capabilities. */
  readonly virtualization: string;
  readonly canLowerOomScore: boolean;
  readonly memoryMiB: number;
  readonly cpus: number;
  readonly bootId: string;
  readonly containerdVersion: string;
  readonly runcVersion: string;
  readonly etcdVersion: string;
  readonly etcdPath: string;
  readonly cniBinDir: string;
  /** Seconds since the epoch as the guest's clock has them. */
  readonly clock: number;
}

const capSysResource = 24n;

// One round trip; every line is key=value. Only POSIX sh and coreutils, so that any systemd Linux answers it.
const script = `
. /etc/os-release
echo "os=$ID"
echo "osVersion=$VERSION_ID"
echo "kernel=$(uname -r)"
echo "cgroup=$(stat -fc %T /sys/fs/cgroup)"
echo "virtualization=$(systemd-detect-virt || true)"
echo "capabilities=$(sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status)"
echo "memoryKiB=$(sed -n 's/^MemTotal:[[:space:]]*\\([0-9]*\\).*/\\1/p' /proc/meminfo)"
echo "cpus=$(getconf _NPROCESSORS_ONLN)"
echo "bootId=$(cat /proc/sys/kernel/random/boot_id)"
PATH=/usr/local/bin:/usr/local/sbin:$PATH:/usr/sbin:/sbin
echo "containerd=$(containerd --version 2>/dev/null | cut -d' ' -f3)"
echo "runc=$(runc --version 2>/dev/null | sed -n 's/^runc version //p')"
echo "etcd=$(etcd --version 2>/dev/null | sed -n 's/^etcd Version: //p')"
echo "etcdPath=$(command -v etcd || true)"
for dir in /opt/cni/bin /usr/lib/cni /usr/libexec/cni; do [ -x $dir/bridge ] && { echo "cni=$dir"; break; }; done
echo "clock=$(date +%s)"
`;

/** Reads the facts; rejects with GUEST_UNSUITABLE when the machine has no systemd or cgroups we can use. */
export async function guestFacts(transport: Transport, signal: AbortSignal): Promise<GuestFacts> {
  const { stdout } = await transport.exec(["sh", "-s"], { stdin: script, signal, timeoutMs: 30_000 });
  const facts = new Map(stdout.split("\n").flatMap((line) => (line.includes("=") ? [split(line)] : [])));
  const text = (key: string): string => facts.get(key) ?? "";
  const cgroup = text("cgroup");
  if (cgroup !== "cgroup2fs" && cgroup !== "tmpfs") {
    const problem = `/sys/fs/cgroup is «${cgroup}»`;
    throw new LocalkubeError("GUEST_UNSUITABLE", {
      problem,
      fix: "Boot the machine with systemd and its cgroups mounted",
    });
  }
  return {
    os: text("os"),
    osVersion: text("osVersion"),
    kernel: text("kernel"),
    cgroupVersion: cgroup === "cgroup2fs" ? 2 : 1,
    virtualization: text("virtualization"),
    canLowerOomScore: ((BigInt(`0x${text("capabilities") || "0"}`) >> capSysResource) & 1n) === 1n,
    memoryMiB: Math.floor(Number(text("memoryKiB")) / 1024),
    cpus: Number(text("cpus")),
    bootId: text("bootId"),
    containerdVersion: text("containerd")
      .replace(/[~+].*$/, "")
      .replace(/^v/, ""),
    runcVersion: text("runc").replace(/[~+].*$/, ""),
    etcdVersion: text("etcd"),
    etcdPath: text("etcdPath"),
    cniBinDir: text("cni"),
    clock: Number(text("clock")),
  };
}

function split(line: string): [string, string] {
  const at = line.indexOf("=");
  return [line.slice(0, at), line.slice(at + 1).trim()];
}
