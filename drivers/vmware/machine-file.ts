import { join } from "node:path";
import { driverState } from "../../src/contract/driver-state.ts";
import type { Hardware } from "../../src/contract/driver.ts";
import type { HostContext } from "../../src/contract/host.ts";
import { type MachineRecord, machinesIn, readRecord, writeRecord } from "../vm/machine-record.ts";

type Host = Pick<HostContext, "stateDir">;

const machinesFolder = ({ stateDir }: Host): string => join(stateDir, driverState.vmware);

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

/** `machine.json`: everything about a machine that VMware itself does not store. */
export interface MachineFile extends MachineRecord {
  readonly mac: string;
  /** What VMware's list of snapshots does not contain. */
  readonly snapshots: Readonly<Record<string, SnapshotRecord>>;
}

interface SnapshotRecord {
  readonly createdAt: string;
  readonly memory: boolean;
  readonly hardware: Hardware;
}

/** Rejects with STATE_UNREADABLE. */
export const readMachine = (host: Host, name: string): Promise<MachineFile | undefined> =>
  readRecord(machineFiles(host, name).description);

export const writeMachine = (host: Host, machine: MachineFile): Promise<void> =>
  writeRecord(machineFiles(host, machine.ref.name).description, machine);

export const machineNames = (host: Host): Promise<readonly string[]> => machinesIn(machinesFolder(host));
