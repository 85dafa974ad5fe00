import { access, readdir, rm } from "node:fs/promises";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { RunContext } from "../../src/contract/host.ts";
import { findVmware } from "./install/find-vmware.ts";
import { machineFiles } from "./machine-folder.ts";
import { powerOff } from "./power-off.ts";
import { isRunning } from "./running-list.ts";
import { vmrun } from "./vmrun.ts";

const deleteMs = 60_000;

/** Ends the machine at once, takes it out of VMware's list and removes its folder; succeeds when there is none. Rejects with DRIVER_LEFTOVERS. */
export async function removeMachine(name: string, c: RunContext): Promise<void> {
  const files = machineFiles(c.host, name);
  const hasSettings = await access(files.vmx).then(
    () => true,
    () => false,
  );
  // What VMware never saw, or cannot be asked about any more, are mere files.
  if (hasSettings && (await findVmware(c.host))) {
    if (await isRunning(files.vmx, c).catch((error: unknown) => told(name, error, c)))
      if (!(await powerOff(files, c))) throw leftovers(name, `it still runs: ${files.vmx}`);
    const { ok, text } = await vmrun(["deleteVM", files.vmx], c, deleteMs);
    if (!ok) c.log(`vmrun deleteVM: ${text}`);
  }
  await rm(files.folder, { recursive: true, force: true, maxRetries: 5 });
  const left = await readdir(files.folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (left) throw leftovers(name, files.folder);
}

/** A machine that may run keeps its files. */
function told(name: string, error: unknown, c: RunContext): never {
  c.signal.throwIfAborted();
  throw leftovers(name, `vmrun list: ${(error as Error).message}`);
}

const leftovers = (name: string, output: string): LocalkubeError =>
  new LocalkubeError("DRIVER_LEFTOVERS", { driver: "vmware", name }, { output });
