import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import vmware from "../../../drivers/vmware/index.ts";
import { machineFiles } from "../../../drivers/vmware/machine-file.ts";
import { machineImage } from "../../../src/machine/image/machine-image.ts";
import type { DriverUnderTest } from "../../contract/driver-world.ts";
import { machineProcesses, type VmwareRig } from "../../rigs/vmware/make-rig.ts";

/** VMware as a driver under test, on a rig, with a state folder that the caller removes. */
export const vmwareUnderTest = (stateDir: string, rig: VmwareRig): DriverUnderTest => ({
  definition: vmware,
  stateDir,
  env: rig.env,
  bootMs: 400_000,
  async image(c) {
    const source = await machineImage("disk", c.host);
    return source.build(c);
  },
  async traces(prefix) {
    const folders = await readdir(join(stateDir, "vmware")).catch((): string[] => []);
    const machines = await Promise.all(
      (await machineProcesses(rig.root)).map((pid) =>
        readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => ""),
      ),
    );
    return [
      ...folders.filter((name) => name.startsWith(prefix)).map((name) => `folder ${name}`),
      ...machines.filter((text) => text.includes(`vmware-${prefix}`)).map((text) => `process ${text}`),
    ];
  },
  async removeBehindOurBack(name, c) {
    const { description, vmx, disk } = machineFiles(c.host, name);
    for (const file of [description, vmx, disk]) await rm(file);
  },
  // Machines are told apart by the folder they are in: nobody else's can have the name.
  foreignObjects: {},
  limits: {
    script: `awk -v cpus="$(nproc)" '/^MemTotal/ { print $2 * 1024, cpus }' /proc/meminfo`,
    // What the kernel keeps for itself.
    lost: 160 * 1024 * 1024,
  },
  forwards: false,
  growsWithSnapshots: false,
  killPoints: ["vmware-vdiskmanager -r", "vmware-vdiskmanager -x"],
});
