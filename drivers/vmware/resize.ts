import { join } from "node:path";
import type { Hardware, ResizeOps } from "../../src/contract/driver.ts";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import { growDisk } from "./disk.ts";
import { machineFiles, writeMachine } from "./machine-file.ts";
import { look, saneMachine } from "./machine-state.ts";
import { hardwareValues, platforms } from "./machine-vmx.ts";
import { listedSnapshots } from "./snapshots.ts";
import { editVmx, valueOf } from "./vmx.ts";

export const resizeOps: ResizeOps = {
  async hardware({ name }, c) {
    return saneMachine(name, await look(name, c)).hardware;
  },
  async resize({ name }, wanted, c) {
    const found = await look(name, c);
    const machine = saneMachine(name, found);
    const failed = (output: string): LocalkubeError =>
      new LocalkubeError("DRIVER_RESIZE_FAILED", { driver: "vmware", name }, { output });
    const has = machine.hardware.diskGiB;
    if (wanted.diskGiB < has)
      throw new LocalkubeError("DRIVER_DISK_SHRINK", { name, has, wanted: wanted.diskGiB });
    if (found.state !== "stopped" || !found.vmx) throw failed(`it is ${found.state}`);
    const files = machineFiles(c.host, name);
    if (wanted.diskGiB > has) {
      const snapshots = await listedSnapshots(files, c);
      if (snapshots.length > 0)
        throw failed(`VMware grows no disk that has snapshots; delete them first: ${snapshots.join(", ")}`);
      const disk = join(files.folder, valueOf(found.vmx, `${platforms[c.host.arch].disk}.fileName`));
      await growDisk(disk, wanted.diskGiB, c).catch((error: unknown) => {
        c.signal.throwIfAborted();
        throw failed(error instanceof LocalkubeError ? (error.output ?? error.message) : String(error));
      });
    }
    const hardware: Hardware = { cpus: wanted.cpus, memoryMiB: wanted.memoryMiB, diskGiB: wanted.diskGiB };
    await editVmx(files.vmx, hardwareValues(hardware));
    await writeMachine(c.host, { ...machine, hardware });
  },
};
