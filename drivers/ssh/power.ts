import type { Transport } from "../../src/contract/transport.ts";
import { type NodePaths, noteFolder } from "./node-paths.ts";
import { quiesceFunctions } from "./quiesce-script.ts";

// $1 note folder. Also enables: a reboot of the host brings the cluster back up. A host on which nothing has been provisioned yet has no
// units.
const startScript = (paths: NodePaths) => `
note=$1
${quiesceFunctions(paths)}
[ -e "$note/note" ] || { echo absent; exit 0; }
: > "$note/running"
units=$(our_units)
[ "$units" ] || exit 0
systemctl enable --quiet $units
systemctl start --no-block $units
`;

// $1 note folder, $2 tenths of a second for the pods, $3 folders under /run. Also disables: after a reboot of the host the cluster stays
// stopped.
const stopScript = (paths: NodePaths) => `
note=$1
${quiesceFunctions(paths)}
[ -e "$note/note" ] || exit 0
rm -f "$note/running"
units=$(our_units)
[ "$units" ] || exit 0
systemctl disable --quiet $units
end_pods "$2"
end_units
unmount_pods
end_network
for path in $3; do rm -rf -- "$path"; done
exit 0
`;

/** Starts and enables the cluster's units; we do not power on the host. Returns false when it carries no cluster of ours. */
export async function startUnits(
  transport: Transport,
  paths: NodePaths,
  signal: AbortSignal,
): Promise<boolean> {
  const { stdout } = await transport.exec(["sh", "-c", startScript(paths), "sh", noteFolder], {
    signal,
    timeoutMs: 120_000,
  });
  return stdout.trim() !== "absent";
}

/** Ends pods (gracefully until `graceMs`) and units and disables the units; the host itself keeps running. */
export async function stopUnits(
  transport: Transport,
  paths: NodePaths,
  graceMs: number,
  signal: AbortSignal,
): Promise<void> {
  const tenths = String(Math.ceil(graceMs / 100));
  await transport.exec(["sh", "-c", stopScript(paths), "sh", noteFolder, tenths, paths.runTrees.join(" ")], {
    signal,
    timeoutMs: graceMs + 180_000,
  });
}
