import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { MachineFiles } from "./machine-folder.ts";
import { waitUntil } from "./wait-until.ts";

const clearMs = 120_000;

/** VMware's locks on a machine's files; the .vmx file's own lock stays while a window shows the machine, and blocks nothing. */
async function locks({ folder }: Pick<MachineFiles, "folder">): Promise<readonly string[]> {
  const names = await readdir(folder).catch(() => []);
  return names
    .filter((name) => name.endsWith(".lck") && !name.endsWith(".vmx.lck"))
    .map((name) => join(folder, name));
}

/**
 * VMware keeps writing for a while after a machine is off: anything done before the locks are gone is lost or refused. Resolves with the
 * locks that still exist after `timeoutMs`.
 */
export async function waitForLocks(
  files: Pick<MachineFiles, "folder">,
  signal: AbortSignal,
  timeoutMs = clearMs,
): Promise<readonly string[]> {
  let left: readonly string[] = [];
  await waitUntil(async () => (left = await locks(files)).length === 0, timeoutMs, signal);
  return left;
}
