import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { RunContext } from "../../contract/host.ts";
import type { RuntimeDefinition } from "../../contract/runtime.ts";
import type { Transport } from "../../contract/transport.ts";
import { remainsFunctions } from "../../host/node-remains.ts";
import { lastLines } from "../../host/run-command.ts";
import { guestPaths } from "./guest-paths.ts";

// $1 units, $2 files, $3 run trees, $4 data trees, $5 names of programs, $6 interfaces, $7 folders to remove when they are empty. Only files that we placed, by our own lists, and units with our mark go.
// The units' files go last: as long as one is there, the next call begins again.
const script = (remains: Parameters<typeof remainsFunctions>[0], sharesHost: boolean) => `
set -u
units=$1 files=$2 runtrees=$3 trees=$4 programs=$5 links=$6 folders=$7
note=/nonexistent
${remainsFunctions(remains)}
ours=
for unit in $units; do
  grep -qs LOCALKUBE_INPUTS "${guestPaths.units}/$unit" && ours="$ours $unit"
done
[ "$ours" ] || exit 0
SYSTEMCTL_SKIP_SYSV=1 systemctl disable --quiet --now --no-reload $ours || exit 1
unmount_below $runtrees $trees
${sharesHost ? ":" : alone}
for link in $links; do ip link delete "$link" 2>/dev/null; done
clean_filters
for path in $runtrees; do rm -rf -- "$path"; done
placed=$(
  sed -n 's/^[0-9a-f]\\{64\\} [^ ]* [^ ]* [^ ]* [^ ]* \\(\\/.*\\)$/\\1/p' ${guestPaths.state}/pushed.list 2>/dev/null
  cat ${guestPaths.placed} 2>/dev/null
)
for path in $files; do
  case $path in ${guestPaths.units}/*) continue ;; esac
  echo "$placed" | grep -qxF "$path" && rm -f -- "$path"
done
for program in $programs; do rm -f "${guestPaths.programs}/$program.unpacked"; done
for folder in $folders; do rmdir -- "$folder" 2>/dev/null; done
for unit in $ours; do rm -f "${guestPaths.units}/$unit"; done
systemctl daemon-reload
systemctl reset-failed $ours 2>/dev/null
echo retired
`;

/** No pod is left whose address it would be. */
const alone = `end_namespaces
rm -rf /var/lib/cni/networks/* /var/lib/cni/cache/* /var/lib/cni/results`;

/**
 * Takes a runtime out of a node on which no pod runs any more: its units, its programs and configuration as far as we placed them, and what it set up for
 * containers. Its data stays. `keep`: files that the runtime after it has too; `sharesHost`: another server may run containers there, whose namespaces,
 * addresses and sockets are among those of pods. Idempotent; returns whether there was anything. Rejects with
 * RUNTIME_NOT_RETIRED.
 */
export async function retireRuntime(
  transport: Pick<Transport, "exec">,
  { name, programs, unitNames, footprint }: RuntimeDefinition,
  { keep, sharesHost }: { readonly keep: readonly string[]; readonly sharesHost: boolean },
  c: Pick<RunContext, "signal">,
): Promise<boolean> {
  const { network } = footprint;
  const links = network?.links ?? [];
  const remains = {
    chains: [...(sharesHost ? [] : ["CNI-"]), ...(network?.chains ?? [])],
    links: links.length > 0 ? links : ["none"],
    tables: sharesHost ? [] : (network?.tables ?? []),
  };
  const argv = [
    ...["sh", "-c", script(remains, sharesHost), "sh"],
    unitNames.join(" "),
    footprint.files.filter((path) => !keep.includes(path)).join(" "),
    sharesHost ? "" : footprint.runTrees.join(" "),
    footprint.trees.join(" "),
    programs.map((program) => program.name).join(" "),
    links.join(" "),
    footprint.sharedFolders.join(" "),
  ] as unknown as readonly [string, ...string[]];
  const { exitCode, stdout, stderr } = await transport.exec(argv, {
    signal: c.signal,
    timeoutMs: 180_000,
    allowFailure: true,
  });
  if (exitCode !== 0)
    throw new LocalkubeError(
      "RUNTIME_NOT_RETIRED",
      { runtime: name },
      { output: lastLines(stderr.trim(), 8) },
    );
  return stdout.includes("retired");
}
