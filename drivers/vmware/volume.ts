import { constants } from "node:fs";
import { copyFile, link, rm } from "node:fs/promises";
import type { VolumeOps } from "../../src/contract/driver.ts";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { RunContext } from "../../src/contract/host.ts";
import { machineFiles } from "./machine-file.ts";
import { look } from "./machine-state.ts";
import { vmrun } from "./vmrun.ts";
import { volumeDevice } from "./machine-vmx.ts";

const connectMs = 30_000;

/**
 * A drive that every machine has, and that starts disconnected. VMware opens a drive's file when it is connected, always the file that the
 * .vmx names: the volume is put there first.
 */
export const volumeOps: VolumeOps = {
  async insert({ name }, file, c) {
    const files = machineFiles(c.host, name);
    const failed = (output: string, cause?: unknown): LocalkubeError =>
      new LocalkubeError("DRIVER_VOLUME_FAILED", { driver: "vmware", name, file }, { cause, output });
    await eject(name, c);
    try {
      await link(file, files.volume).catch(() => copyFile(file, files.volume, constants.COPYFILE_FICLONE));
    } catch (error) {
      throw failed(String(error), error);
    }
    const { ok, text } = await vmrun(["connectNamedDevice", files.vmx, volumeDevice], c, connectMs);
    if (ok) return;
    await rm(files.volume, { force: true });
    throw failed(text);
  },
  eject: ({ name }, c) => eject(name, c),
};

async function eject(name: string, c: RunContext): Promise<void> {
  const files = machineFiles(c.host, name);
  if ((await look(name, c)).state === "running") {
    const { ok, text } = await vmrun(["disconnectNamedDevice", files.vmx, volumeDevice], c, connectMs);
    // A drive that is not connected is the desired result.
    if (!ok) c.log(`vmrun disconnectNamedDevice: ${text}`);
  }
  await rm(files.volume, { force: true });
}
