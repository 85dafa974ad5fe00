import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import writeFileAtomic from "write-file-atomic";
import type { Hardware, MachineRef, MachineSpec } from "../../src/contract/driver.ts";
import type { HostContext } from "../../src/contract/host.ts";
import { machineFiles, machinesFolder } from "./machine-folder.ts";

/** The network between host and machines: an adapter of VirtualBox (`if`), or on macOS from 7.0 a network that it keeps itself (`net`). */
export interface HostOnlyNetwork {
  readonly kind: "if" | "net";
  /** What VirtualBox calls it; empty while it is being made. */
  readonly name: string;
  /** /24; the host has its first address. */
  readonly cidr: string;
}

/** `plan.json` */
export interface MachinePlan {
  /** The machine's UUID, ours from the start: names need not be unique in VirtualBox. */
  readonly id: string;
  readonly address: string;
  readonly userNetwork: string;
  readonly hostOnly: HostOnlyNetwork;
  readonly ports: MachineRef["ports"];
}

/** `machine.json` */
export interface MachineFile extends MachinePlan {
  readonly schema: 1;
  readonly ref: MachineRef;
  /** As asked for when it was made or resized; what it has now VirtualBox tells. */
  readonly hardware: Hardware;
  readonly identity: string;
  /** False until the first start: such a machine holds no data. */
  readonly ran: boolean;
}

type Host = Pick<HostContext, "stateDir">;

export const readMachine = (host: Host, name: string): Promise<MachineFile | undefined> =>
  read<MachineFile>(machineFiles(host, name).description);

/** The machine's decisions whether it is whole or the rest of a killed `create`. */
export const readPlan = async (host: Host, name: string): Promise<MachinePlan | undefined> =>
  (await readMachine(host, name)) ?? read<MachinePlan>(machineFiles(host, name).plan);

async function read<T>(file: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as T;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Both atomic, 0600. */
export const writeMachine = (host: Host, machine: MachineFile): Promise<void> =>
  write(machineFiles(host, machine.ref.name).description, machine);
export const writePlan = (host: Host, name: string, plan: MachinePlan): Promise<void> =>
  write(machineFiles(host, name).plan, plan);

const write = async (file: string, content: object): Promise<void> =>
  writeFileAtomic(file, `${JSON.stringify(content, undefined, 2)}\n`, { mode: 0o600 });

/** Names of all machines of this state folder, halves included. */
export const machineNames = (host: Host): Promise<readonly string[]> =>
  readdir(machinesFolder(host)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });

/** Plans of all machines but one. */
export async function otherPlans(host: Host, name: string): Promise<readonly MachinePlan[]> {
  const names = (await machineNames(host)).filter((other) => other !== name);
  return (await Promise.all(names.map((other) => readPlan(host, other)))).flatMap((plan) => plan ?? []);
}

/** Hardware is not in it (`resize` changes that), nor the image: machines that are there stay as they are when a newer one comes. */
export function identityOf({ name, hostname, authorizedKey, hostKey }: MachineSpec): string {
  const parts = [name, hostname, authorizedKey, hostKey.publicKey];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 16);
}

export const sameHardware = (a: Hardware, b: Hardware): boolean =>
  a.cpus === b.cpus && a.memoryMiB === b.memoryMiB && a.diskGiB === b.diskGiB;
