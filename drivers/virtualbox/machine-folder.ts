import { join } from "node:path";
import type { HostContext } from "../../src/contract/host.ts";

/** Not QEMU's folder: each driver lists and removes what is in its own. VirtualBox puts a machine into a folder of its name below this. */
export const machinesFolder = ({ stateDir }: Pick<HostContext, "stateDir">): string =>
  join(stateDir, "virtualbox");

/** Every file of one machine, VirtualBox' own but for the snapshots included. */
export function machineFiles(host: Pick<HostContext, "stateDir">, name: string) {
  const folder = join(machinesFolder(host), name);
  return {
    folder,
    /** What `create` is about to make, written before it: a killed one is cleared away by it, and so is a machine whose description is damaged. */
    plan: join(folder, "plan.json"),
    /** What we decided about the machine; written last. */
    description: join(folder, "machine.json"),
    /** The image, a copy of the cache's that outlives it: VirtualBox knows each disk by an id inside the file, so no two machines can share one. */
    base: join(folder, "base.vdi"),
    /** The base's differencing child: what the machine writes. Snapshots put further children into `Snapshots`, and deleting one may merge this one away. */
    disk: join(folder, "disk.vdi"),
    seed: join(folder, "seed.iso"),
    console: join(folder, "console.log"),
    log: join(folder, "Logs", "VBox.log"),
    settings: join(folder, `${name}.vbox`),
  } as const;
}

export type MachineFiles = ReturnType<typeof machineFiles>;
