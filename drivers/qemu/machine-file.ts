import type { Hardware, MachineImage } from "../../src/contract/driver.ts";
import type { HostContext } from "../../src/contract/host.ts";
import { type MachineRecord, machinesIn, readRecord, writeRecord } from "../vm/machine-record.ts";
import { machineFiles, machinesFolder } from "./machine-folder.ts";

/** `machine.json`: all of a machine that QEMU itself does not keep. */
export interface MachineFile extends MachineRecord {
  readonly hostname: string;
  /** With its version (`pc-q35-7.2`), so that saved memory still fits after QEMU was upgraded. */
  readonly machineType: string;
  readonly interfaces: readonly { readonly name: string; readonly mac: string }[];
  /** Group and port on loopback by which machines of one node network hear each other. */
  readonly nodeNetwork: { readonly group: string; readonly port: number };
  readonly userNetwork: string;
  readonly firstBoot: NonNullable<MachineImage["firstBoot"]>;
  /** Kernel's command line when it is loaded without the disk's boot loader. */
  readonly commandLine?: string;
  /** Its memory is in the disk's snapshot `savedTag`. */
  readonly saved: boolean;
  /** Hardware that each snapshot with memory was made with. */
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
