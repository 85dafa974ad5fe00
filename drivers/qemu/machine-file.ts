import { createHash } from "node:crypto";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { driverState } from "../../src/contract/driver-state.ts";
import type { Hardware, MachineImage } from "../../src/contract/driver.ts";
import type { HostContext } from "../../src/contract/host.ts";
import { type MachineRecord, machinesIn, readRecord, writeRecord } from "../vm/machine-record.ts";

type Host = Pick<HostContext, "stateDir" | "env">;

/** A socket's path must fit in 104 bytes on macOS, 108 on Linux, including the terminating NUL. */
const longestSocketPath = 100;

export const machinesFolder = ({ stateDir }: Pick<Host, "stateDir">): string =>
  join(stateDir, driverState.qemu);

/** Every file of one machine; all in a folder that only its owner may read. */
export function machineFiles(host: Host, name: string) {
  const folder = join(machinesFolder(host), name);
  const socket = join(folder, "qmp.sock");
  const short = shortSocket(host, folder);
  return {
    folder,
    /**
     * What we decided about the machine: see machine-file.ts. Written last on creation: a folder without it is left over from a killed
     * create.
     */
    description: join(folder, "machine.json"),
    /** The image that backs the disk; a link to the cached file, so that it outlives the cache. */
    base: join(folder, "base.qcow2"),
    disk: join(folder, "disk.qcow2"),
    kernel: join(folder, "vmlinuz"),
    initramfs: join(folder, "initrd"),
    seed: join(folder, "seed"),
    console: join(folder, "console.log"),
    pid: join(folder, "qemu.pid"),
    socket: Buffer.byteLength(socket) <= longestSocketPath ? socket : short.socket,
    /** Set when the socket is in a folder of its own. */
    socketFolder: Buffer.byteLength(socket) <= longestSocketPath ? undefined : short.folder,
  } as const;
}

export type MachineFiles = ReturnType<typeof machineFiles>;

function shortSocket(host: Host, folder: string): { readonly folder: string; readonly socket: string } {
  const base = host.env["XDG_RUNTIME_DIR"] || tmpdir();
  const own = join(
    base,
    `localkube-${userInfo().uid}`,
    createHash("sha256").update(folder).digest("hex").slice(0, 12),
  );
  return { folder: own, socket: join(own, "qmp.sock") };
}

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

/** Rejects with STATE_UNREADABLE. */
export const readMachine = (host: Host, name: string): Promise<MachineFile | undefined> =>
  readRecord(machineFiles(host, name).description);

export const writeMachine = (host: Host, machine: MachineFile): Promise<void> =>
  writeRecord(machineFiles(host, machine.ref.name).description, machine);

export const machineNames = (host: Pick<Host, "stateDir">): Promise<readonly string[]> =>
  machinesIn(machinesFolder(host));
