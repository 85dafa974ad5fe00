import type { Hardware, MachineSnapshot, MachineState, SnapshotOps } from "../../src/contract/driver.ts";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { RunContext } from "../../src/contract/host.ts";

/** Hardware as far as the hypervisor reports it of a snapshot. */
export type KnownHardware = Omit<Hardware, "diskGiB"> & Partial<Hardware>;

/**
 * How one hypervisor takes snapshots. `M` is what it found out about the machine, `S` a snapshot as it lists them. Whatever of it rejects with
 * a failed program or a plain Error becomes DRIVER_SNAPSHOT_FAILED; other errors of ours stay as they are.
 */
export interface Snapshotter<
  M extends { readonly state: MachineState },
  S extends MachineSnapshot = MachineSnapshot,
> {
  readonly driver: string;
  /** Rejects with DRIVER_MACHINE_ABSENT or DRIVER_MACHINE_BROKEN. */
  look(name: string, c: RunContext): Promise<M>;
  list(machine: M, c: RunContext): Promise<readonly S[]>;
  /** All names that are taken, where `list` leaves out those that are not ours. */
  names?(machine: M, c: RunContext): Promise<readonly string[]>;
  take(machine: M, snapshot: string, c: RunContext): Promise<void>;
  /** Of the machine now, and when the snapshot with its memory was taken; undefined when nobody knows. */
  hardware(
    machine: M,
    snapshot: S,
    c: RunContext,
  ): Promise<{ readonly has: KnownHardware; readonly had: KnownHardware | undefined }>;
  restore(machine: M, snapshot: S, c: RunContext): Promise<void>;
  remove(machine: M, snapshot: S, c: RunContext): Promise<void>;
  /** The hypervisor's own message in what it rejects with. */
  wordsOf?(error: unknown): string;
}

/** The contract's operations: what must be true before and what a failure is called are the same for every hypervisor. */
export function snapshotOps<M extends { readonly state: MachineState }, S extends MachineSnapshot>(
  h: Snapshotter<M, S>,
): SnapshotOps {
  const failed = (about: object, output: string, cause?: unknown): LocalkubeError =>
    new LocalkubeError("DRIVER_SNAPSHOT_FAILED", { driver: h.driver, ...about }, { cause, output });
  const telling = async (about: object, c: RunContext, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      c.signal.throwIfAborted();
      if (error instanceof LocalkubeError && !programFailures.includes(error.id)) throw error;
      throw failed(about, (h.wordsOf ?? wordsOf)(error), error);
    }
  };
  return {
    async create({ name }, snapshot, c) {
      const machine = await h.look(name, c);
      const about = { action: "create", name, snapshot };
      await telling(about, c, async () => {
        const taken = (await h.names?.(machine, c)) ?? (await h.list(machine, c)).map((one) => one.name);
        if (taken.includes(snapshot)) throw new LocalkubeError("DRIVER_SNAPSHOT_EXISTS", { name, snapshot });
        if (machine.state === "saved") throw failed(about, "the machine is suspended: wake it first");
        await h.take(machine, snapshot, c);
      });
    },
    async list({ name }, c) {
      const snapshots = await h.list(await h.look(name, c), c);
      return snapshots.map(({ name: snapshot, createdAt, memory, bytes }) => ({
        name: snapshot,
        createdAt,
        memory,
        bytes,
      }));
    },
    async restore({ name }, snapshot, c) {
      const machine = await h.look(name, c);
      await telling({ action: "restore", name, snapshot }, c, async () => {
        const wanted = (await h.list(machine, c)).find((one) => one.name === snapshot);
        if (!wanted) throw new LocalkubeError("DRIVER_SNAPSHOT_UNKNOWN", { name, snapshot });
        if (wanted.memory) assertSame(name, snapshot, await h.hardware(machine, wanted, c));
        await h.restore(machine, wanted, c);
      });
    },
    async remove({ name }, snapshot, c) {
      const machine = await h.look(name, c);
      await telling({ action: "delete", name, snapshot }, c, async () => {
        const unwanted = (await h.list(machine, c)).find((one) => one.name === snapshot);
        if (unwanted) await h.remove(machine, unwanted, c);
      });
    },
  };
}

/** What a hypervisor's record contains of its snapshots, without the one that is gone. */
export const without = <V>(snapshot: string, all: Readonly<Record<string, V>>): Readonly<Record<string, V>> =>
  Object.fromEntries(Object.entries(all).filter(([name]) => name !== snapshot));

const programFailures: readonly string[] = ["HOST_COMMAND_FAILED", "HOST_COMMAND_TIMEOUT"];

const wordsOf = (error: unknown): string =>
  error instanceof LocalkubeError ? (error.output ?? error.message) : String(error);

/** The hypervisor would restore the machine's old hardware together with the memory, and nobody asked for that. */
function assertSame(
  name: string,
  snapshot: string,
  { has, had }: { readonly has: KnownHardware; readonly had: KnownHardware | undefined },
): void {
  const isSame =
    had?.cpus === has.cpus && had.memoryMiB === has.memoryMiB && (had.diskGiB ?? has.diskGiB) === has.diskGiB;
  if (isSame) return;
  const words = { had: had ? inWords(had) : "unknown hardware", has: inWords(has) };
  throw new LocalkubeError("DRIVER_SNAPSHOT_DIFFERS", { name, snapshot, ...words });
}

const inWords = ({ cpus, memoryMiB, diskGiB }: KnownHardware): string =>
  diskGiB === undefined
    ? `${cpus} CPUs and ${memoryMiB} MiB`
    : `${cpus} CPUs, ${memoryMiB} MiB and a disk of ${diskGiB} GiB`;
