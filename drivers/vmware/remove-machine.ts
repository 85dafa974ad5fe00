import { access, rm } from "node:fs/promises";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { RunContext } from "../../src/contract/host.ts";
import { findVmware } from "./installation.ts";
import { machineFiles } from "./machine-file.ts";
import { powerOff, waitUntil } from "./power.ts";
import { isRunning, vmrun } from "./vmrun.ts";

const deleteMs = 60_000;
const letGoMs = 10_000;
const againMs = 500;

/**
 * Ends the machine immediately, takes it out of VMware's list and removes its folder; succeeds when there is none. Files still in use after
 * `patienceMs` are DRIVER_LEFTOVERS.
 */
export async function removeMachine(name: string, c: RunContext, patienceMs = letGoMs): Promise<void> {
  const files = machineFiles(c.host, name);
  const hasSettings = await access(files.vmx).then(
    () => true,
    () => false,
  );
  // What VMware never saw, or cannot be asked about any more, is just files.
  if (hasSettings && (await findVmware(c.host))) {
    if (await isRunning(files.vmx, c).catch((error: unknown) => told(name, error, c)))
      if (!(await powerOff(files, c))) throw leftovers(name, `it still runs: ${files.vmx}`);
    const { ok, text } = await vmrun(["deleteVM", files.vmx], c, deleteMs);
    if (!ok) c.log(`vmrun deleteVM: ${text}`);
  }
  const left = await removeFolder(files.folder, c.signal, patienceMs);
  if (left !== undefined) throw leftovers(name, `${files.folder}: ${left}`);
}

/**
 * Why the folder still exists; undefined when it is gone. On Windows VMware, or a program that scans its files, keeps the log and the locks
 * open for a while.
 */
async function removeFolder(
  folder: string,
  signal: AbortSignal,
  patienceMs: number,
): Promise<string | undefined> {
  let reason = "";
  const remove = (): Promise<boolean> =>
    rm(folder, { recursive: true, force: true }).then(
      () => true,
      (error: Error) => {
        reason = error.message;
        return false;
      },
    );
  return (await waitUntil(remove, patienceMs, signal, againMs)) ? undefined : reason;
}

/** A machine that may be running keeps its files. */
function told(name: string, error: unknown, c: RunContext): never {
  c.signal.throwIfAborted();
  throw leftovers(name, `vmrun list: ${(error as Error).message}`);
}

const leftovers = (name: string, output: string): LocalkubeError =>
  new LocalkubeError("DRIVER_LEFTOVERS", { driver: "vmware", name }, { output });
