import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import virtualbox from "../../../drivers/virtualbox/index.ts";
import { readMachine } from "../../../drivers/virtualbox/machine-file.ts";
import { machineImage } from "../../../src/machine/image/machine-image.ts";
import type { DriverUnderTest } from "../../contract/driver-world.ts";
import type { VirtualBoxRig } from "../../rigs/virtualbox/virtualbox-rig.ts";

/** VirtualBox as a driver under test: the real one, its machines run by the rig's front; with a state folder that the caller removes. */
export const virtualBoxUnderTest = (rig: VirtualBoxRig, stateDir: string): DriverUnderTest => ({
  definition: virtualbox,
  stateDir,
  // An emulated boot by BIOS and boot loader, with two guests at once, on two cores.
  bootMs: 400_000,
  async image(c) {
    const source = await machineImage("disk", c.host);
    return source.build(c);
  },
  traces: (prefix) => virtualBoxTraces(rig, stateDir, prefix),
  async removeBehindOurBack(name) {
    await rig.ask("unregistervm", name, "--delete");
  },
  async pause(name, c) {
    const { id = "" } = (await readMachine(c.host, name)) ?? {};
    await c.host.run([rig.front, "controlvm", id, "pause"]);
  },
  // Machines are told apart by the folder they are in: nobody else's can have the name.
  foreignObjects: {},
  limits: {
    script: `awk -v cpus="$(nproc)" '/^MemTotal/ { print $2 * 1024, cpus }' /proc/meminfo`,
    // What the kernel keeps for itself.
    lost: 160 * 1024 * 1024,
  },
  killPoints: ["hostonlyif ipconfig", "createmedium", "modifyvm"],
});

/** Everything of machines whose name begins so: files, registered machines and media, processes; adapters when no machine is left at all. */
export async function virtualBoxTraces(
  rig: VirtualBoxRig,
  stateDir: string,
  prefix: string,
): Promise<readonly string[]> {
  const folders = await readdir(join(stateDir, "virtualbox")).catch((): string[] => []);
  const lists = await Promise.all(
    ["vms", "hdds", "dvds"].map(async (what) =>
      (await rig.ask("list", what)).split("\n").map((line) => `${what}: ${line}`),
    ),
  );
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const commands = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")),
  );
  const adapters = await readFile(join(rig.folder, "adapters.json"), "utf8").catch(() => "[]");
  return [
    ...folders.filter((name) => name.startsWith(prefix)).map((name) => `folder ${name}`),
    ...lists
      .flat()
      .filter((line) => line.startsWith(`vms: "${prefix}`) || line.includes(`/virtualbox/${prefix}`)),
    ...commands
      .filter((text) => text.startsWith("qemu-system") && text.includes(`\0-name\0${prefix}`))
      .map((text) => `process ${text}`),
    ...(folders.length === 0 && adapters !== "[]" ? [`adapters ${adapters}`] : []),
  ];
}
