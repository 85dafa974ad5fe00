import type { ResizeOps } from "../../src/contract/driver.ts";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import { machineFiles, writeMachine } from "./machine-file.ts";
import { look, saneMachine } from "./machine-state.ts";

export const resizeOps: ResizeOps = {
  async hardware({ name }, c) {
    return saneMachine(name, await look(name, c)).hardware;
  },
  async resize({ name }, { cpus, memoryMiB, diskGiB }, c) {
    const found = await look(name, c);
    const machine = saneMachine(name, found);
    const params = { driver: "qemu", name };
    if (diskGiB < machine.hardware.diskGiB)
      throw new LocalkubeError("DRIVER_DISK_SHRINK", {
        name,
        has: machine.hardware.diskGiB,
        wanted: diskGiB,
      });
    if (found.state !== "stopped")
      throw new LocalkubeError("DRIVER_RESIZE_FAILED", params, { output: `it is ${found.state}` });
    if (diskGiB > machine.hardware.diskGiB) {
      const argv = [
        "qemu-img",
        "resize",
        "-f",
        "qcow2",
        "-q",
        machineFiles(c.host, name).disk,
        `${diskGiB}G`,
      ] as const;
      const { exitCode, stderr } = await c.host.run([...argv], {
        signal: c.signal,
        settleMs: 60_000,
        allowFailure: true,
      });
      if (exitCode !== 0) throw new LocalkubeError("DRIVER_RESIZE_FAILED", params, { output: stderr.trim() });
    }
    await writeMachine(c.host, { ...machine, hardware: { cpus, memoryMiB, diskGiB } });
  },
};
