import type { VolumeOps } from "../../src/contract/driver.ts";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import { volumeDrive } from "./command-line.ts";
import { look, withQmp } from "./machine-state.ts";

/** A drive that every machine has: changing its medium needs no hot-plugging and leaves saved memory loadable. */
export const volumeOps: VolumeOps = {
  async insert({ name }, file, c) {
    const medium = {
      id: volumeDrive,
      filename: file,
      format: "raw",
      "read-only-mode": "read-only",
      force: true,
    };
    try {
      await withQmp(name, c, (qmp) => qmp.execute("blockdev-change-medium", medium));
    } catch (error) {
      c.signal.throwIfAborted();
      const params = { driver: "qemu", name, file };
      throw new LocalkubeError("DRIVER_VOLUME_FAILED", params, { cause: error, output: String(error) });
    }
  },
  async eject({ name }, c) {
    if ((await look(name, c)).pid === undefined) return;
    await withQmp(name, c, (qmp) => qmp.execute("eject", { id: volumeDrive, force: true }));
  },
};
