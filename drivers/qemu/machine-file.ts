import type { Hardware, MachineImage } from "../../src/contract/driver.ts";
import type { HostContext } from "../../src/contract/host.ts";
import { type MachineRecord, machinesIn, readRecord, writeRecord } from "../vm/machine-record.ts";
import { machineFiles, machinesFolder } from "./machine-folder.ts";

/** `machine.json`: everything about a machine that QEMU itself does not store. */
export interface MachineFile extends MachineRecord {
  readonly hostname: string;
  /** With its version (`pc-q35-7.2`), so that saved memory still loads after a QEMU upgrade. */
  readonly machineType: string;
  readonly interfaces: readonly { readonly name: string; readonly mac: string }[];
  /** Missing in a record from before machines of one cluster shared a network. */
  readonly cluster?: string;
  /** Multicast group and port on loopback through which the machines of one cluster reach each other. */
  readonly nodeNetwork: { readonly group: string; readonly port: number };
  readonly userNetwork: string;
  readonly firstBoot: NonNullable<MachineImage["firstBoot"]>;
  /** Kernel command line, when the kernel is loaded without the disk's boot loader. */
  readonly commandLine?: string;
  /** Its memory is in the disk's snapshot `savedTag`. */
  readonly saved: boolean;
  /** Hardware at the time of each snapshot with memory. */
  readonly snapshots: Readonly<Record<string, Hardware>>;
}

type Host = Pick<HostContext, "stateDir" | "env">;

/** Rejects with STATE_UNREADABLE. */
export const readMachine = (host: Host, name: string): Promise<MachineFile | undefined> =>
  readRecord(machineFiles(host, name).description);

export const writeMachine = (host: Host, machine: MachineFile): Promise<void> =>
  writeRecord(machineFiles(host, machine.ref.name).description, machine);

export const machineNames = (host: Pick<Host, "stateDir">): Promise<readonly string[]> =>
  machinesIn(machinesFolder(host));
