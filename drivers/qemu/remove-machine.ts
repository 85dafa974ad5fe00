import { readdir, rm } from "node:fs/promises";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { RunContext } from "../../src/contract/host.ts";
import { machineFiles } from "./machine-file.ts";
import { qemuProcess, waitForExit } from "./qemu-process.ts";

const exitMs = 10_000;

/** Ends the machine immediately and removes its folder; succeeds when there is none. Rejects with DRIVER_LEFTOVERS. */
export async function removeMachine(name: string, c: RunContext): Promise<void> {
  const files = machineFiles(c.host, name);
  const pid = await qemuProcess(c.host, files);
  if (pid !== undefined) {
    process.kill(pid, "SIGKILL");
    if (!(await waitForExit(c.host, pid, exitMs, c.signal))) throw leftovers(name, `process ${pid}`);
  }
  await rm(files.folder, { recursive: true, force: true });
  if (files.socketFolder) await rm(files.socketFolder, { recursive: true, force: true });
  const left = await readdir(files.folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (left) throw leftovers(name, files.folder);
}

const leftovers = (name: string, output: string): LocalkubeError =>
  new LocalkubeError("DRIVER_LEFTOVERS", { driver: "qemu", name }, { output });
