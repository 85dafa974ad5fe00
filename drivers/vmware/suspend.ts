import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { SuspendOps } from "../../src/contract/driver.ts";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { RunContext } from "../../src/contract/host.ts";
import { machineFiles } from "./machine-folder.ts";
import { look, saneMachine, savedMemory } from "./machine-state.ts";
import { isOff } from "./power-off.ts";
import { vmrun } from "./vmrun.ts";
import { editVmx } from "./vmx/vmx-file.ts";
import { valueOf } from "./vmx/vmx-text.ts";

const suspendMs = 300_000;
const goneMs = 20_000;

export const suspendOps: SuspendOps = {
  async save({ name }, c) {
    const found = await look(name, c);
    if (found.state === "saved") return;
    saneMachine(name, found);
    if (found.state !== "running") throw failed(name, `it is ${found.state}`);
    const files = machineFiles(c.host, name);
    // Hard: without the Tools' scripts, which take down the guest's network.
    const { text } = await vmrun(["suspend", files.vmx, "hard"], c, suspendMs);
    await isOff(files, c, goneMs);
    const { state, said } = await look(name, c);
    if (state !== "saved") throw failed(name, [text, said ?? `it is ${state}`].join("\n").trim());
  },
  discard: ({ name }, c) => discard(name, c),
};

/** Removes the setting first: a machine that names memory which is gone is broken. */
async function discard(name: string, c: RunContext): Promise<void> {
  const { state, vmx } = await look(name, c);
  if (state !== "saved" || !vmx) return;
  const files = machineFiles(c.host, name);
  const memory = valueOf(vmx, savedMemory);
  await editVmx(files.vmx, { [savedMemory]: "", [`${savedMemory}.readOnly`]: undefined });
  // A snapshot's memory belongs to the snapshot.
  if (!memory.endsWith(".vmss")) return;
  for (const file of [memory, memory.replace(/\.vmss$/, ".vmem")])
    await rm(join(files.folder, file), { force: true });
}

const failed = (name: string, output: string): LocalkubeError =>
  new LocalkubeError("DRIVER_SUSPEND_FAILED", { driver: "vmware", name }, { output });
