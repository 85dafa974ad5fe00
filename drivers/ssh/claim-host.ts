import type { RunContext } from "../../src/contract/host.ts";
import type { Transport } from "../../src/contract/transport.ts";
import { type NodePaths, noteFolder } from "./node-paths.ts";
import { quiesceFunctions } from "./quiesce-script.ts";
import { SshDriverError } from "./errors.ts";

/** Suffix of what is set aside, next to its original place: that is a rename, whatever the size. */
export const asideEnding = ".before-localkube";

// $1 note folder, $2 files, $3 trees, $4 shared folders, $5 units, $6 suffix, $7 whether to set foreign things aside; the note on standard
// input. The note is written first, so that nobody else takes the host and remove finds whatever was done; each thing is listed before it is
// touched.
const script = (paths: NodePaths) => `
set -u
note=$1 files=$2 trees=$3 shared=$4 units=$5 ending=$6 aside=$7
${quiesceFunctions(paths)}
umask 077
mkdir -p "$note" || exit 1
if [ -e "$note/note" ]; then cat > /dev/null; else
  cat > "$note/note.new" && mv "$note/note.new" "$note/note" || exit 1
fi
if [ ! -e "$note/before" ]; then
  { iptables-save; ip6tables-save; } 2>/dev/null | sed -n 's/^:\\(\\(${paths.chains.join("\\\\|")}\\)[^ ]*\\).*/\\1/p' | sort -u > "$note/chains"
  for link in ${paths.links.join(" ")}; do [ -e "/sys/class/net/$link" ] && echo "$link"; done > "$note/links"
  # Chains and the bridge of a cluster that is taken over go with it.
  [ "$aside" = true ] && for list in chains links; do
    grep -vE '^(KUBE-|LOCALKUBE-|cni0$)' "$note/$list" > "$note/$list.new"; mv "$note/$list.new" "$note/$list"
  done
  for path in $shared; do [ -e "$path" ] || echo "$path"; done > "$note/new-folders"
  for path in $trees; do [ -d "$path" ] && [ -z "$(ls -A "$path")" ] && echo "$path"; done > "$note/empty-folders"
  for unit in $units; do
    active=$(systemctl is-active "$unit" 2>/dev/null); enabled=$(systemctl is-enabled "$unit" 2>/dev/null)
    case $active:$enabled in active:*|activating:*|*:enabled) echo "$unit $active $enabled" ;; esac
  done > "$note/units"
  { for path in $files; do { [ -e "$path" ] || [ -L "$path" ]; } && echo "$path"; done
    for path in $trees; do [ "$(ls -A "$path" 2>/dev/null)" ] && echo "$path"; done
  } > "$note/aside"
  : > "$note/before"
fi
[ "$aside" = true ] || exit 0
if [ -s "$note/units" ] || [ -s "$note/aside" ]; then
  cut -d' ' -f1 "$note/units" | while read -r unit; do systemctl disable --now --quiet "$unit" </dev/null; done
  end_pods 100
  pids=$(shims); [ "$pids" ] && kill -s KILL $pids
  unmount_pods
  end_network
  while IFS= read -r path; do
    [ -e "$path$ending" ] || [ -L "$path$ending" ] || mv "$path" "$path$ending" || exit 1
  done < "$note/aside"
  systemctl daemon-reload
fi
exit 0
`;

export interface Claim {
  /** Which cluster the host carries. */
  readonly id: string;
  readonly name: string;
  /** Name of the computer whose user owns it, and the folder with its state; for whoever reads the note. */
  readonly owner: string;
  readonly takeOver: boolean;
}

/**
 * Writes the host's note and, if requested, sets aside what is in the way. Idempotent, even after being killed at any point. Rejects with
 * SSH_HOST_CLAIM_FAILED.
 */
export async function claimHost(
  transport: Transport,
  paths: NodePaths,
  { id, name, owner, takeOver }: Claim,
  c: Pick<RunContext, "signal">,
): Promise<void> {
  const lists = [paths.files, paths.trees, paths.sharedFolders, paths.units].map((list) => list.join(" "));
  const argv = [
    "sh",
    "-c",
    script(paths),
    "sh",
    noteFolder,
    ...lists,
    asideEnding,
    String(takeOver),
  ] as const;
  const { exitCode, stderr } = await transport.exec(argv, {
    signal: c.signal,
    timeoutMs: 180_000,
    stdin: `id=${id}\nname=${name}\nowner=${owner}\n`,
    allowFailure: true,
  });
  if (exitCode === 0) return;
  throw new SshDriverError(
    "SSH_HOST_CLAIM_FAILED",
    { host: transport.endpoint.host },
    { output: stderr.trim() },
  );
}
