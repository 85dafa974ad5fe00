import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import writeFileAtomic from "write-file-atomic";
import type {
  Hardware,
  ListedMachine,
  MachineRef,
  MachineSpec,
  MachineState,
} from "../../src/contract/driver.ts";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";

/** What every hypervisor's `machine.json` contains. */
export interface MachineRecord {
  readonly schema: 1;
  readonly ref: MachineRef;
  /** As requested when it was created or resized. */
  readonly hardware: Hardware;
  /** Covers what identifies this machine: see `identityOf`. */
  readonly identity: string;
  /** False until the first start: such a machine holds no data. */
  readonly ran: boolean;
}

/** Undefined when there is none. Rejects with STATE_UNREADABLE: nobody knows what a damaged record said, so nothing is done to its machine. */
export async function readRecord<T>(file: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as T;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new LocalkubeError(
      "STATE_UNREADABLE",
      { file, problem: (error as Error).message },
      { cause: error },
    );
  }
}

/** Atomic, 0600, and on the disk when it resolves: its content decides whether memory may be loaded. */
export const writeRecord = async (file: string, record: object): Promise<void> =>
  writeFileAtomic(file, `${JSON.stringify(record, undefined, 2)}\n`, { mode: 0o600 });

/** Names of all machines in a driver's folder, including incomplete ones; files put there by the system or its file manager are not machines. */
export async function machinesIn(folder: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.flatMap((entry) =>
      entry.isDirectory() && !entry.name.startsWith(".") ? [entry.name] : [],
    );
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

/**
 * Machines with the state that `look` returns for each; one whose record cannot be read is `broken`, and does not hide the others. Any other
 * rejection of `look` ends the list.
 */
export const listedMachines = (
  names: readonly string[],
  look: (name: string) => Promise<{ readonly state: MachineState }>,
): Promise<readonly ListedMachine[]> =>
  Promise.all(
    names.map((name) =>
      look(name).then(
        ({ state }) => ({ name, state }),
        (error: unknown) => {
          if (error instanceof LocalkubeError && error.id === "STATE_UNREADABLE")
            return { name, state: "broken" as const };
          throw error;
        },
      ),
    ),
  );

/** Does not cover hardware (`resize` changes that) or the image: existing machines stay as they are when a newer image is released. */
export function identityOf({ name, hostname, authorizedKey, hostKey }: MachineSpec): string {
  const parts = [name, hostname, authorizedKey, hostKey.publicKey];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 16);
}

export const sameHardware = (a: Hardware, b: Hardware): boolean =>
  a.cpus === b.cpus && a.memoryMiB === b.memoryMiB && a.diskGiB === b.diskGiB;
