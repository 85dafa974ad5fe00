import type { Hardware } from "../../src/contract/driver.ts";
import type { HostContext } from "../../src/contract/host.ts";
import { type MachineRecord, machinesIn, readRecord, writeRecord } from "../vm/machine-record.ts";
import { machineFiles, machinesFolder } from "./machine-folder.ts";

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

type Host = Pick<HostContext, "stateDir">;

/** Rejects with STATE_UNREADABLE. */
export const readMachine = (host: Host, name: string): Promise<MachineFile | undefined> =>
  readRecord(machineFiles(host, name).description);

export const writeMachine = (host: Host, machine: MachineFile): Promise<void> =>
  writeRecord(machineFiles(host, machine.ref.name).description, machine);

export const machineNames = (host: Host): Promise<readonly string[]> => machinesIn(machinesFolder(host));
