import { join } from "node:path";
import { driverState } from "../../src/contract/driver-state.ts";
import type { HostContext } from "../../src/contract/host.ts";

type Host = Pick<HostContext, "stateDir">;

export const machinesFolder = ({ stateDir }: Host): string => join(stateDir, driverState.vmware);

/** Every file of one machine that we name; VMware adds its own (logs, locks, saved memory, snapshots) beside them. */
export function machineFiles(host: Host, name: string) {
  const folder = join(machinesFolder(host), name);
  return {
    folder,
    /** What we decided about the machine. Written last on creation: a folder without it is left over from a killed create. */
    description: join(folder, "machine.json"),
    vmx: join(folder, `${name}.vmx`),
    disk: join(folder, "disk.vmdk"),
    seed: join(folder, "seed.iso"),
    /** What is in the drive for volumes, if anything. */
    volume: join(folder, "volume.iso"),
    console: join(folder, "console.log"),
    log: join(folder, "vmware.log"),
    /** VMware's list of snapshots. */
    snapshots: join(folder, `${name}.vmsd`),
  } as const;
}

export type MachineFiles = ReturnType<typeof machineFiles>;
