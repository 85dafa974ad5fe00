import type { Hardware, ResizeOps } from "../../src/contract/driver.ts";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { RunContext } from "../../src/contract/host.ts";
import { capacityMiB, growChain } from "./disks.ts";
import { storage } from "./machine-arguments.ts";
import { writeMachine } from "./machine-file.ts";
import { look, type Look, saneMachine } from "./machine-state.ts";
import { vboxmanage, wordsFrom } from "./vboxmanage.ts";

export const resizeOps: ResizeOps = {
  async hardware({ name }, c) {
    const found = await look(name, c);
    saneMachine(name, found);
    return hardwareOf(found, c);
  },
  async resize({ name }, wanted, c) {
    const found = await look(name, c);
    const machine = saneMachine(name, found);
    const { cpus, memoryMiB, diskGiB } = wanted;
    const has = await hardwareOf(found, c);
    if (diskGiB < has.diskGiB)
      throw new LocalkubeError("DRIVER_DISK_SHRINK", { name, has: has.diskGiB, wanted: diskGiB });
    const failed = (output: string, cause?: unknown): LocalkubeError =>
      new LocalkubeError("DRIVER_RESIZE_FAILED", { driver: "virtualbox", name }, { output, cause });
    if (found.state !== "stopped") throw failed(`it is ${found.state}`);
    try {
      if (diskGiB > has.diskGiB) await growChain(diskOf(found), diskGiB, c);
      const size = ["--cpus", String(cpus), "--memory", String(memoryMiB)];
      await vboxmanage(c.host, ["modifyvm", machine.id, ...size], { signal: c.signal });
    } catch (error) {
      c.signal.throwIfAborted();
      throw failed(wordsFrom(error), error);
    }
    await writeMachine(c.host, { ...machine, hardware: { cpus, memoryMiB, diskGiB } });
  },
};

/** From VirtualBox: restoring a snapshot also restores a machine's old hardware. */
async function hardwareOf(found: Look, c: RunContext): Promise<Hardware> {
  return {
    cpus: Number(found.info?.get("cpus")),
    memoryMiB: Number(found.info?.get("memory")),
    diskGiB: Math.round((await capacityMiB(diskOf(found), c)) / 1024),
  };
}

/** UUID of the disk the machine currently writes to: each snapshot adds a new child. */
function diskOf({ info }: Look): string {
  const id = info?.get(`${storage.controller}-ImageUUID-${storage.disk}-0`);
  if (id === undefined) throw new Error("VirtualBox names no disk of this machine");
  return id;
}
