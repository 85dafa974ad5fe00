import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import qemu from "../../../drivers/qemu/index.ts";
import { machineFiles } from "../../../drivers/qemu/machine-file.ts";
import { withQmp } from "../../../drivers/qemu/machine-state.ts";
import { machineImage } from "../../../src/machine/image/machine-image.ts";
import type { DriverUnderTest } from "../../contract/driver-world.ts";

/** QEMU as a driver under test, with a state folder that the caller removes. */
export const qemuUnderTest = (stateDir: string): DriverUnderTest => ({
  definition: qemu,
  stateDir,
  // An emulated boot with two guests at once, on two cores.
  bootMs: 300_000,
  async image(c) {
    // The machine's own cache: an image takes a minute and a half, and its users are the end-to-end tests and people.
    const source = await machineImage("disk", c.host);
    return source.build(c);
  },
  async traces(prefix) {
    const folders = await readdir(join(stateDir, "machines")).catch((): string[] => []);
    const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
    const commands = await Promise.all(
      pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")),
    );
    return [
      ...folders.filter((name) => name.startsWith(prefix)).map((name) => `folder ${name}`),
      ...commands
        .filter((text) => text.includes(`${stateDir}/machines/${prefix}`))
        .map((text) => `process ${text}`),
    ];
  },
  async removeBehindOurBack(name, c) {
    const { description, disk } = machineFiles(c.host, name);
    await rm(description);
    await rm(disk);
  },
  pause: (name, c) => withQmp(name, c, async (qmp) => void (await qmp.execute("stop"))),
  // Machines are told apart by the folder they are in: nobody else's can have the name.
  foreignObjects: {},
  limits: {
    script: `awk -v cpus="$(nproc)" '/^MemTotal/ { print $2 * 1024, cpus }' /proc/meminfo`,
    // What the kernel keeps for itself.
    lost: 160 * 1024 * 1024,
  },
  killPoints: ["-machine help", "qemu-img create"],
  nodesMeet: true,
});
