import type { Transport } from "../../src/contract/transport.ts";
import { type NodePaths, noteFolder } from "./node-paths.ts";

/** What a host reports about itself before anything is changed there. */
export interface HostFacts {
  readonly init: string;
  readonly hostname: string;
  readonly machineId: string;
  /** Seconds by which its clock is certainly ahead (negative: behind) of ours. */
  readonly clockAheadSeconds: number;
  readonly memoryMiB: number;
  readonly diskFreeMiB: number;
  readonly cgroup: string;
  readonly missingControllers: readonly string[];
  readonly missingModules: readonly string[];
  /** TCP ports that something listens on. */
  readonly ports: readonly number[];
  /** Address used towards the outside. */
  readonly address: string;
  /** `ip -4 -j route` of all tables; empty where the `ip` program is missing. */
  readonly routes: string;
  /** Note of the cluster that occupies the host, by key. */
  readonly note: ReadonlyMap<string, string>;
  /** Paths of ours that somebody else's files occupy. */
  readonly foreignPaths: readonly string[];
  /** Units with our names, or of whole products, that run or start at boot. */
  readonly foreignUnits: readonly string[];
  readonly foreignProducts: readonly string[];
  /** kube-proxy's chains in the packet filter. */
  readonly hasKubeChains: boolean;
}

// Every line is `key value`. $1 note folder, $2 files, $3 trees, $4 units, $5 products.
const script = String.raw`
echo "clock $(date +%s)"
echo "init $([ -d /run/systemd/system ] && echo systemd || cat /proc/1/comm)"
echo "hostname $(cat /proc/sys/kernel/hostname)"
echo "machineId $(cat /etc/machine-id 2>/dev/null)"
echo "memoryKiB $(sed -n 's/^MemTotal:[[:space:]]*\([0-9]*\).*/\1/p' /proc/meminfo)"
echo "diskKiB $(df -Pk /var/lib | awk 'NR == 2 { print $4 }')"
cgroup=$(stat -fc %T /sys/fs/cgroup)
echo "cgroup $cgroup"
for controller in cpu memory pids; do
  if [ "$cgroup" = cgroup2fs ]; then grep -qw "$controller" /sys/fs/cgroup/cgroup.controllers
  else awk -v name="$controller" '$1 == name && $4 == 1 { found = 1 } END { exit !found }' /proc/cgroups
  fi || echo "noController $controller"
done
release=$(uname -r)
for module in overlay bridge veth nf_conntrack nf_nat xt_comment; do
  [ -d "/sys/module/$module" ] || grep -qw "$module" /proc/filesystems || [ ! -d "/lib/modules/$release" ] ||
    grep -q "/$module\.ko" "/lib/modules/$release/modules.builtin" 2>/dev/null ||
    modprobe --dry-run --quiet "$module" 2>/dev/null || echo "noModule $module"
done
cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | awk '$4 == "0A" { sub(/.*:/, "", $2); print "port " $2 }' | sort -u
address=$(ip -4 -o route get 192.0.2.1 2>/dev/null | sed -n 's/.* src \([0-9.]*\).*/\1/p')
[ "$address" ] || address=$(ip -4 -o address show scope global 2>/dev/null | sed -n '1s/.* inet \([0-9.]*\).*/\1/p')
echo "address $address"
echo "routes $(ip -4 -j route show table all 2>/dev/null | tr '\n' ' ')"
sed 's/^/note /' "$1/note" 2>/dev/null
for path in $2; do [ -e "$path" ] || [ -L "$path" ] && echo "path $path"; done
for path in $3; do [ "$(ls -A "$path" 2>/dev/null)" ] && echo "path $path"; done
present() { systemctl is-active --quiet "$1" || systemctl is-enabled --quiet "$1" 2>/dev/null; }
for unit in $4; do present "$unit" && echo "unit $unit"; done
for unit in $5; do present "$unit" && echo "product $unit"; done
{ iptables-save; ip6tables-save; } 2>/dev/null | grep -q '^:KUBE-' && echo "chains yes"
true
`;

/** One round trip; reads only. */
export async function inspectHost(
  transport: Transport,
  paths: NodePaths,
  signal: AbortSignal,
): Promise<HostFacts> {
  const askedAt = Date.now() / 1000;
  const lists = [paths.files, paths.trees, paths.units, paths.products].map((list) => list.join(" "));
  const { stdout } = await transport.exec(["sh", "-c", script, "sh", noteFolder, ...lists], {
    signal,
    timeoutMs: 60_000,
  });
  return parseHostFacts(stdout, { askedAt, answeredAt: Date.now() / 1000 });
}

/** Pure. Times are seconds of this computer's clock. */
export function parseHostFacts(
  answer: string,
  { askedAt, answeredAt }: { readonly askedAt: number; readonly answeredAt: number },
): HostFacts {
  const lines = answer.split("\n").map((line): [string, string] => {
    const at = line.indexOf(" ");
    return at < 0 ? [line, ""] : [line.slice(0, at), line.slice(at + 1).trim()];
  });
  const all = (key: string): readonly string[] =>
    lines.flatMap(([name, value]) => (name === key ? [value] : []));
  const one = (key: string): string => all(key)[0] ?? "";
  const clock = Number(one("clock"));
  const note = all("note").map((line): [string, string] => {
    const at = line.indexOf("=");
    return [line.slice(0, at), line.slice(at + 1)];
  });
  return {
    init: one("init"),
    hostname: one("hostname"),
    machineId: one("machineId"),
    clockAheadSeconds:
      clock > answeredAt ? Math.round(clock - answeredAt) : Math.min(0, Math.round(clock + 1 - askedAt)),
    memoryMiB: Math.floor(Number(one("memoryKiB")) / 1024),
    diskFreeMiB: Math.floor(Number(one("diskKiB")) / 1024),
    cgroup: one("cgroup"),
    missingControllers: all("noController"),
    missingModules: all("noModule"),
    ports: all("port").map((hex) => Number.parseInt(hex, 16)),
    address: one("address"),
    routes: one("routes"),
    note: new Map(note),
    foreignPaths: all("path"),
    foreignUnits: all("unit"),
    foreignProducts: all("product"),
    hasKubeChains: one("chains") === "yes",
  };
}
