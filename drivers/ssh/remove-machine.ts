import type { MachineRef } from "../../src/contract/driver.ts";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { RunContext } from "../../src/contract/host.ts";
import type { Transport } from "../../src/contract/transport.ts";
import { asideEnding } from "./claim-host.ts";
import { SshDriverError } from "./errors.ts";
import { withHost } from "./host-access.ts";
import { readHostFile, removeHostFile } from "./host-file.ts";
import { accessOf } from "./machine-state.ts";
import { type NodePaths, noteFolder, type OnHost, pathsOf } from "./node-paths.ts";
import { quiesceFunctions } from "./quiesce-script.ts";

/**
 * Removes everything of ours from the host and reports what remains. Rejects with SSH_HOST_UNREACHABLE when the host does not answer: a
 * cluster that still exists there is not forgotten.
 */
export async function removeMachine(on: OnHost, machine: MachineRef, c: RunContext): Promise<void> {
  const access = accessOf(machine);
  const id = machine.data["id"] ?? "";
  try {
    const remains = await withHost(on.connect, access, c, (transport) =>
      releaseHost(transport, pathsOf(on, machine), { id, name: machine.name }, c),
    );
    for (const text of remains) c.notice?.(text);
  } catch (error) {
    c.signal.throwIfAborted();
    if (error instanceof LocalkubeError && unreachable.has(error.id))
      throw new SshDriverError(
        "SSH_HOST_UNREACHABLE",
        { host: access.host, problem: error.message },
        { cause: error, output: error.output ?? "" },
      );
    throw error;
  }
  await removeHostFile(c.host, machine.name);
}

const unreachable: ReadonlySet<string> = new Set(["SSH_UNREACHABLE", "SSH_CONNECTION_LOST"]);

/** From what this computer recorded before the host was touched. */
export async function removeByName(on: OnHost, name: string, c: RunContext): Promise<void> {
  const file = await readHostFile(c.host, name);
  if (file) await removeMachine(on, file.ref, c);
}

/** Removes only this computer's file: nothing on the host changes. */
export async function forgetMachine(machine: MachineRef, c: RunContext): Promise<readonly string[]> {
  await removeHostFile(c.host, machine.name);
  const { host } = accessOf(machine);
  return [
    `${host} was not touched: it still carries the cluster's units, files and data, and its note in /var/lib/localkube-host`,
  ];
}

// $1 note folder, $2 id, $3 trees, $4 run trees, $5 files, $6 suffix, $7 folders of registries. Prints `remains TEXT` for what is not ours to remove and `stuck TEXT`
// for what could not be removed; the note is removed last, so that a killed call can be repeated.
const script = (paths: NodePaths) => `
set -u
note=$1 id=$2 trees=$3 runtrees=$4 files=$5 ending=$6 registries=$7
${quiesceFunctions(paths)}
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
[ -e "$note/note" ] || exit 0
grep -qx "id=$id" "$note/note" || { echo "other $(sed -n 's/^name=//p' "$note/note")"; exit 0; }
state=/var/lib/localkube
units=$(our_units)
[ "$units" ] && systemctl disable --quiet $units 2>/dev/null
end_pods 50
end_units
unmount_pods
unmount_below /run/localkube
end_network

# What push and unpacking put there, by their own lists; the files that we know by name also when a push was cut off before it wrote its list.
cat "$state"/push-*/folders 2>/dev/null | while IFS= read -r path; do rm -rf -- "$path"; done
{ for path in $files; do echo "$path"; done
  sed -n 's/^[0-9a-f]\\{64\\} [^ ]* [^ ]* [^ ]* [^ ]* \\(\\/.*\\)$/\\1/p' "$state/pushed.list"; cat "$state/placed.list"; } 2>/dev/null |
  while IFS= read -r path; do
    grep -qxF "$path" "$note/aside" && [ ! -e "$path$ending" ] && [ ! -L "$path$ending" ] && continue
    rm -f -- "$path"
    # Settings of a registry are in a folder of its own.
    for folder in $registries; do case $path in "$folder"/*) rmdir -- "\${path%/*}" 2>/dev/null ;; esac; done
  done
rm -f /etc/cni/net.d/10-localkube.*

# Packages that were installed for the cluster, unless something else needs them by now.
if [ -s "$state/installed-packages" ] && command -v apt-get >/dev/null; then
  ours=$(while read -r package; do
    dpkg-query -W -f '\${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed && echo "$package"
  done < "$state/installed-packages" | tr '\\n' ' ')
  if [ "$ours" ]; then
    # The host's own cache of packages stays as it is.
    mkdir -p "$state/apt/cache/archives/partial"
    apt() { apt-get -o DPkg::Lock::Timeout=120 -o Dpkg::Use-Pty=0 -o Dir::Cache="$state/apt/cache" "$@"; }
    others=$(apt --simulate purge $ours 2>/dev/null | sed -n 's/^Purg \\([^ ]*\\) .*/\\1/p' |
      grep -vxF "$(echo "$ours" | tr ' ' '\\n')" | tr '\\n' ' ')
    if [ "$others" ]; then echo "remains the packages $ours, which $others need"
    elif ! said=$(apt -q -y purge $ours 2>&1); then
      echo "stuck packages: $(echo "$said" | tail -n 2 | tr '\\n' ' ')"
    fi
  fi
fi

for path in $runtrees; do rm -rf -- "$path" || echo "stuck $path"; done
for path in $trees; do
  [ -e "$path" ] || continue
  # Listed to be kept aside, but never moved: it is still theirs.
  grep -qxF "$path" "$note/aside" && [ ! -e "$path$ending" ] && continue
  if grep -qxF "$path" "$note/empty-folders"; then find "$path" -mindepth 1 -delete || echo "stuck $path"
  else rm -rf -- "$path" || echo "stuck $path"
  fi
done
while IFS= read -r path; do
  [ -d "$path" ] || continue
  rmdir -- "$path" 2>/dev/null || echo "remains $path with $(ls -A "$path" | head -n 5 | tr '\\n' ' ')"
done < "$note/new-folders"

while IFS= read -r path; do
  { [ -e "$path$ending" ] || [ -L "$path$ending" ]; } || continue
  rm -rf -- "$path"; mv -- "$path$ending" "$path" || echo "stuck $path$ending"
done < "$note/aside"
systemctl daemon-reload
systemctl reset-failed $units 2>/dev/null
while read -r unit active enabled; do
  [ "$enabled" = enabled ] && systemctl enable --quiet "$unit" </dev/null
  case $active in active|activating) systemctl start --no-block "$unit" </dev/null ;; esac
done < "$note/units"
[ "$(cat /proc/sys/net/ipv4/ip_forward)" = 1 ] && echo "remains net.ipv4.ip_forward = 1 until the next boot"
[ -d /sys/module/br_netfilter ] && [ -d /lib/modules ] && echo "remains the loaded kernel module br_netfilter until the next boot"
rm -rf -- "$note"
exit 0
`;

/**
 * Removes from the host everything that belongs to the cluster and puts back what was set aside. Returns sentences about what remains. A host
 * without our note is left alone. Rejects with SSH_HOST_TAKEN when it carries another cluster by now, and with DRIVER_LEFTOVERS for what
 * could not be removed.
 */
export async function releaseHost(
  transport: Transport,
  paths: NodePaths,
  { id, name }: { readonly id: string; readonly name: string },
  c: Pick<RunContext, "signal" | "log">,
): Promise<readonly string[]> {
  const lists = [paths.trees, paths.runTrees, paths.files].map((list) => list.join(" "));
  const argv = [
    "sh",
    "-c",
    script(paths),
    "sh",
    noteFolder,
    id,
    ...lists,
    asideEnding,
    paths.registryFolders.join(" "),
  ] as const;
  const { stdout, stderr } = await transport.exec(argv, { signal: c.signal, timeoutMs: 280_000 });
  if (stderr.trim() !== "") c.log(stderr.trim());
  const said = (word: string): readonly string[] =>
    stdout
      .split("\n")
      .flatMap((line) => (line.startsWith(`${word} `) ? [line.slice(word.length + 1).trim()] : []));
  const { host } = transport.endpoint;
  const [other] = said("other");
  if (other !== undefined) throw new SshDriverError("SSH_HOST_TAKEN", { host, name: other });
  const stuck = said("stuck");
  if (stuck.length > 0)
    throw new LocalkubeError("DRIVER_LEFTOVERS", { driver: "ssh", name }, { output: stuck.join("\n") });
  return said("remains").map((what) => `on ${host} remains ${what}`);
}
