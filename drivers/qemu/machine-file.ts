import { readdir, readFile } from "node:fs/promises";
import { createHash } from "node:crypto";
import writeFileAtomic from "write-file-atomic";
import type { Hardware, MachineImage, MachineRef, MachineSpec } from "../../src/contract/driver.ts";
import type { HostContext } from "../../src/contract/host.ts";
import { machineFiles, machinesFolder } from "./machine-folder.ts";

/** `machine.json`: all of a machine that QEMU itself does not keep. */
export interface MachineFile {
  readonly schema: 1;
  readonly ref: MachineRef;
  readonly hostname: string;
  readonly hardware: Hardware;
  /** Of what makes it this machine and no other: see `identityOf`. */
  readonly identity: string;
  /** With its version (`pc-q35-7.2`), so that saved memory still fits after QEMU was upgraded. */
  readonly machineType: string;
  readonly interfaces: readonly { readonly name: string; readonly mac: string }[];
  /** Group and port on loopback by which machines of one node network hear each other. */
  readonly nodeNetwork: { readonly group: string; readonly port: number };
  readonly userNetwork: string;
  readonly firstBoot: NonNullable<MachineImage["firstBoot"]>;
  /** Kernel's command line when it is loaded without the disk's boot loader. */
  readonly commandLine?: string;
  /** False until the first start: such a machine holds no data. */
  readonly ran: boolean;
  /** Its memory is in the disk's snapshot `savedTag`. */
  readonly saved: boolean;
  /** Hardware that each snapshot with memory was made with. */
  readonly snapshots: Readonly<Record<string, Hardware>>;
}

type Host = Pick<HostContext, "stateDir" | "env">;

export async function readMachine(host: Host, name: string): Promise<MachineFile | undefined> {
  try {
    return JSON.parse(await readFile(machineFiles(host, name).description, "utf8")) as MachineFile;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Atomic, and on the disk when it resolves: what it says decides whether memory may be loaded. */
export async function writeMachine(host: Host, machine: MachineFile): Promise<void> {
  const { description } = machineFiles(host, machine.ref.name);
  await writeFileAtomic(description, `${JSON.stringify(machine, undefined, 2)}\n`, { mode: 0o600 });
}

/** Names of all machines of this state folder, halves included. */
export const machineNames = (host: Pick<Host, "stateDir">): Promise<readonly string[]> =>
  readdir(machinesFolder(host)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });

/** Hardware is not in it (`resize` changes that), nor the image: machines that are there stay as they are when a newer one comes. */
export function identityOf({ name, hostname, authorizedKey, hostKey }: MachineSpec): string {
  const parts = [name, hostname, authorizedKey, hostKey.publicKey];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 16);
}

export const sameHardware = (a: Hardware, b: Hardware): boolean =>
  a.cpus === b.cpus && a.memoryMiB === b.memoryMiB && a.diskGiB === b.diskGiB;
