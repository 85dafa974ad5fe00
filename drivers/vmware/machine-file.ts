import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import writeFileAtomic from "write-file-atomic";
import type { Hardware, MachineRef, MachineSpec } from "../../src/contract/driver.ts";
import type { HostContext } from "../../src/contract/host.ts";
import { machineFiles, machinesFolder } from "./machine-folder.ts";

/** `machine.json`: all of a machine that VMware itself does not keep. */
export interface MachineFile {
  readonly schema: 1;
  readonly ref: MachineRef;
  readonly hardware: Hardware;
  /** Of what makes it this machine and no other: see `identityOf`. */
  readonly identity: string;
  readonly mac: string;
  /** False until the first start: such a machine holds no data. */
  readonly ran: boolean;
  /** What VMware's list of snapshots does not tell. */
  readonly snapshots: Readonly<Record<string, SnapshotRecord>>;
}

interface SnapshotRecord {
  readonly createdAt: string;
  readonly memory: boolean;
  readonly hardware: Hardware;
}

type Host = Pick<HostContext, "stateDir">;

export async function readMachine(host: Host, name: string): Promise<MachineFile | undefined> {
  try {
    return JSON.parse(await readFile(machineFiles(host, name).description, "utf8")) as MachineFile;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Atomic, and on the disk when it resolves. */
export async function writeMachine(host: Host, machine: MachineFile): Promise<void> {
  const { description } = machineFiles(host, machine.ref.name);
  await writeFileAtomic(description, `${JSON.stringify(machine, undefined, 2)}\n`, { mode: 0o600 });
}

/** Names of all machines of this state folder, halves included. */
export const machineNames = (host: Host): Promise<readonly string[]> =>
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
