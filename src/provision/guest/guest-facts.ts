import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { GuestProgram } from "../../contract/runtime.ts";
import type { Transport } from "../../contract/transport.ts";
import { frozenFunctions } from "./freeze.ts";

/** A program of the guest itself. */
export interface FoundProgram {
  readonly path: string;
  /** Empty when it does not tell. */
  readonly version: string;
}

/** What the machine is, asked once per start. */
export interface GuestFacts {
  readonly os: string;
  readonly osVersion: string;
  /** As `uname -m` says: `x86_64`, `aarch64`. */
  readonly machine: string;
  readonly cgroupVersion: 1 | 2;
  /** `kvm`, `podman`, `none`: what systemd-detect-virt says. */
  readonly virtualization: string;
  /** Containers share the host's kernel: no module loading, and some capabilities may be missing. */
  readonly isContainer: boolean;
  readonly canLowerOomScore: boolean;
  readonly memoryMiB: number;
  readonly cpus: number;
  /**
   * Those of the programs asked for that the guest has itself, by name: those we pushed before are not counted, so that a second start decides
   * as the first did.
   */
  readonly programs: Readonly<Record<string, FoundProgram>>;
  /** Folder of the guest's own CNI plugins; empty when it has none. */
  readonly cniBinDir: string;
  /** Programs that kubelet and kube-proxy run and nothing installs: kubeadm checks for the same. */
  readonly hasIptables: boolean;
  readonly hasConntrack: boolean;
  /** Virtual machines can be started in it. */
  readonly hasKvm: boolean;
  readonly forwardsPackets: boolean;
  /** The cluster on it is paused, or was being paused when that was interrupted. */
  readonly isFrozen: boolean;
  /** Seconds by which the guest's clock is certainly ahead (negative: behind) of this host's; 0 within a second. */
  readonly clockAheadSeconds: number;
}

/** QEMU without acceleration (with it systemd-detect-virt says `kvm` or another name): programs that wait busily cost the others dearly. */
export const isEmulated = ({ virtualization }: Pick<GuestFacts, "virtualization">): boolean =>
  virtualization === "qemu";

const detectVirtualization = "systemd-detect-virt || true";

/** `GuestFacts.virtualization` alone, where nothing else has to be known. */
export async function virtualizationOf(transport: Transport, signal: AbortSignal): Promise<string> {
  const { stdout } = await transport.exec(["sh", "-c", detectVirtualization], { signal });
  return stdout.trim();
}

const capSysResource = 24n;

// Names of programs as arguments. One round trip; every line is key=value. Only POSIX sh and coreutils, so that any systemd Linux answers it. `own` finds a program
// that we did not install: one with a note of ours is looked for outside the folders we write to.
const script = `
${frozenFunctions}
echo "clock=$(date +%s)"
echo "booted=$([ -d /run/systemd/system ] && echo systemd || cat /proc/1/comm)"
. /etc/os-release
echo "os=$ID"
echo "osVersion=$VERSION_ID"
echo "machine=$(uname -m)"
echo "cgroup=$(stat -fc %T /sys/fs/cgroup)"
echo "virtualization=$(${detectVirtualization})"
echo "container=$(systemd-detect-virt --container || true)"
echo "capabilities=$(sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status)"
echo "memoryKiB=$(sed -n 's/^MemTotal:[[:space:]]*\\([0-9]*\\).*/\\1/p' /proc/meminfo)"
echo "cpus=$(getconf _NPROCESSORS_ONLN)"
echo "kvm=$([ -c /dev/kvm ] && echo 1)"
echo "forward=$(cat /proc/sys/net/ipv4/ip_forward)"
echo "frozen=$(cluster_frozen && echo 1)"
notes=/var/lib/localkube/programs
own() (
  PATH=/usr/sbin:/usr/bin:/sbin:/bin
  [ -e $notes/$2.unpacked ] || PATH=/usr/local/sbin:/usr/local/bin:$PATH
  command -v $1
)
for program in "$@"; do
  path=$(own $program $program) || continue
  echo "path.$program=$path"
  echo "version.$program=$($path --version 2>/dev/null | tr '\\n' ' ')"
done
for tool in iptables conntrack; do echo "$tool=$(own $tool $tool || true)"; done
dirs="/usr/lib/cni /usr/libexec/cni"
[ -e $notes/cni-plugins.unpacked ] || dirs="/opt/cni/bin $dirs"
for dir in $dirs; do [ -f $dir/bridge ] && [ ! -L $dir/bridge ] && { echo "cni=$dir"; break; }; done
true
`;

/** Reads the facts, and which of `programs` the guest has; rejects with GUEST_UNSUITABLE when the machine has no systemd or cgroups we can use. */
export async function guestFacts(
  transport: Transport,
  programs: readonly GuestProgram[],
  signal: AbortSignal,
): Promise<GuestFacts> {
  const askedAt = Date.now() / 1000;
  const argv = ["sh", "-s", ...programs.map(({ name }) => name)] as const;
  const { stdout } = await transport.exec(argv, { stdin: script, signal, timeoutMs: 120_000 });
  return parseFacts(stdout, programs, { askedAt, answeredAt: Date.now() / 1000 });
}

/** Times are seconds of this host's clock: the guest's was read somewhere between them. */
export function parseFacts(
  answer: string,
  programs: readonly GuestProgram[],
  { askedAt, answeredAt }: { readonly askedAt: number; readonly answeredAt: number },
): GuestFacts {
  const facts = new Map(answer.split("\n").flatMap((line) => (line.includes("=") ? [split(line)] : [])));
  const text = (key: string): string => facts.get(key) ?? "";
  const booted = text("booted");
  if (booted !== "systemd")
    throw unsuitable(
      `its first process is '${booted}', not systemd`,
      "Boot the machine with systemd as init",
    );
  const cgroup = text("cgroup");
  if (cgroup !== "cgroup2fs" && cgroup !== "tmpfs")
    throw unsuitable(
      `/sys/fs/cgroup is '${cgroup}'`,
      "Boot the machine with systemd and its cgroups mounted",
    );
  const container = text("container");
  return {
    os: text("os"),
    osVersion: text("osVersion"),
    machine: text("machine"),
    cgroupVersion: cgroup === "cgroup2fs" ? 2 : 1,
    virtualization: text("virtualization"),
    isContainer: container !== "" && container !== "none",
    canLowerOomScore: ((BigInt(`0x${text("capabilities") || "0"}`) >> capSysResource) & 1n) === 1n,
    memoryMiB: Math.floor(Number(text("memoryKiB")) / 1024),
    cpus: Number(text("cpus")),
    programs: Object.fromEntries(
      programs.flatMap(({ name, version }) => {
        const path = text(`path.${name}`);
        const said = version.exec(text(`version.${name}`))?.[1] ?? "";
        return path === "" ? [] : [[name, { path, version: release(said) }]];
      }),
    ),
    cniBinDir: text("cni"),
    hasIptables: text("iptables") !== "",
    hasConntrack: text("conntrack") !== "",
    hasKvm: text("kvm") === "1",
    forwardsPackets: text("forward") === "1",
    isFrozen: text("frozen") === "1",
    clockAheadSeconds: clockAhead(Number(text("clock")), askedAt, answeredAt),
  };
}

// The guest answers in whole seconds: the true time was somewhere in the second after its answer.
function clockAhead(guest: number, askedAt: number, answeredAt: number): number {
  if (guest > answeredAt) return Math.round(guest - answeredAt);
  if (guest + 1 < askedAt) return -Math.round(askedAt - guest - 1);
  return 0;
}

/** `1.6.20` from Debian's `1.6.20~ds1` and from `v1.6.20`. */
const release = (version: string): string => version.replace(/[~+].*$/, "").replace(/^v/, "");

const unsuitable = (problem: string, fix: string): LocalkubeError =>
  new LocalkubeError("GUEST_UNSUITABLE", { problem, fix });

function split(line: string): [string, string] {
  const at = line.indexOf("=");
  return [line.slice(0, at), line.slice(at + 1).trim()];
}
