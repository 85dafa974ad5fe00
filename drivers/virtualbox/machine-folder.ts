import { join } from "node:path";
import { driverState } from "../../src/contract/driver-state.ts";
import type { HostContext } from "../../src/contract/host.ts";

/** Not QEMU's folder: each driver lists and removes what is in its own. VirtualBox puts a machine into a folder of that name below this one. */
export const machinesFolder = ({ stateDir }: Pick<HostContext, "stateDir">): string =>
  join(stateDir, driverState.virtualbox);

/** Every file of one machine, including VirtualBox' own except for snapshots. */
export function machineFiles(host: Pick<HostContext, "stateDir">, name: string) {
  const folder = join(machinesFolder(host), name);
  return {
    folder,
    /**
     * What `create` is about to create, written first: it is used to clean up after a killed create, and for a machine whose description is
     * damaged.
     */
    plan: join(folder, "plan.json"),
    /** What we decided about the machine; written last. */
    description: join(folder, "machine.json"),
    /**
     * The image, a copy of the cached one that outlives it: VirtualBox identifies each disk by an id inside the file, so no two machines can
     * share one.
     */
    base: join(folder, "base.vdi"),
    /**
     * The base's differencing child: what the machine writes to. Snapshots put further children into `Snapshots`, and deleting a snapshot may
     * merge this one away.
     */
    disk: join(folder, "disk.vdi"),
    seed: join(folder, "seed.iso"),
    console: join(folder, "console.log"),
    log: join(folder, "Logs", "VBox.log"),
    settings: join(folder, `${name}.vbox`),
  } as const;
}

export type MachineFiles = ReturnType<typeof machineFiles>;
