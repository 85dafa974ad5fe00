import type { SnapshotOps } from "../../src/contract/driver.ts";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { RunContext } from "../../src/contract/host.ts";
import { look, type Look, saneMachine } from "./machine-state.ts";
import { parseBlocks } from "./list-output.ts";
import { machineFiles } from "./machine-folder.ts";
import { describeSnapshot, type ListedSnapshot, listSnapshots } from "./snapshot-list.ts";
import { startMachine } from "./start-machine.ts";
import { stopMachine } from "./stop-machine.ts";
import { vboxmanage, wordsFrom } from "./vboxmanage.ts";
import { VirtualBoxError } from "./errors.ts";

/** Time to write memory and merge disks. */
const snapshotMs = 600_000;
/** Disks can be merged into a single neighbour only: if several hang on a snapshot, or the machine and one more, there is none. */
const hasNewer = /cannot be deleted, because it .*child snapshot/;

/** VirtualBox' own snapshots: further differencing disks and, for a running machine, its saved memory. VirtualBox' window shows them too. */
export const snapshotOps: SnapshotOps = {
  async create({ name }, snapshot, c) {
    const { found, id } = await sane(name, c);
    if ((await listed(name, id, c)).some((one) => one.name === snapshot))
      throw new LocalkubeError("DRIVER_SNAPSHOT_EXISTS", { name, snapshot });
    if (found.state === "saved")
      throw failed("create", name, snapshot, "the machine is suspended: wake it first");
    const description = describeSnapshot(new Date(), found.state === "running" || found.state === "paused");
    await telling("create", name, snapshot, c, () =>
      call(c, id, "take", snapshot, "--description", description),
    );
  },
  async list({ name }, c) {
    const { id } = await sane(name, c);
    return (await listed(name, id, c)).map(({ name: snapshot, createdAt, memory, bytes }) => ({
      name: snapshot,
      createdAt,
      memory,
      bytes,
    }));
  },
  async restore({ name }, snapshot, c) {
    const { found, id } = await sane(name, c);
    const wanted = (await listed(name, id, c)).find((one) => one.name === snapshot);
    if (!wanted) throw new LocalkubeError("DRIVER_SNAPSHOT_UNKNOWN", { name, snapshot });
    if (wanted.memory) await assertSameHardware(name, wanted, found, id, c);
    await telling("restore", name, snapshot, c, async () => {
      if (found.state !== "saved") await stopMachine(name, { ...c, graceMs: 0 });
      await call(c, id, "restore", wanted.id);
      if (wanted.memory) await startMachine(name, c);
    });
  },
  async remove({ name }, snapshot, c) {
    const { id } = await sane(name, c);
    const unwanted = (await listed(name, id, c)).find((one) => one.name === snapshot);
    if (!unwanted) return;
    await telling("delete", name, snapshot, c, async () => {
      try {
        await call(c, id, "delete", unwanted.id);
      } catch (error) {
        if (!hasNewer.test(wordsFrom(error))) throw error;
        throw new VirtualBoxError("VIRTUALBOX_SNAPSHOT_HAS_NEWER", { name, snapshot }, { cause: error });
      }
    });
  },
};

const listed = (name: string, id: string, c: RunContext): Promise<readonly ListedSnapshot[]> =>
  listSnapshots(id, machineFiles(c.host, name).settings, c);

const call = async (
  c: RunContext,
  id: string,
  verb: string,
  snapshot: string,
  ...more: string[]
): Promise<void> =>
  void (await vboxmanage(c.host, ["snapshot", id, verb, snapshot, ...more], {
    signal: c.signal,
    timeoutMs: snapshotMs,
  }));

async function sane(name: string, c: RunContext): Promise<{ readonly found: Look; readonly id: string }> {
  const found = await look(name, c);
  return { found, id: saneMachine(name, found).id };
}

/** VirtualBox would restore the machine's old hardware together with the memory, and nobody asked for that. */
async function assertSameHardware(
  name: string,
  wanted: ListedSnapshot,
  { info }: Look,
  id: string,
  c: RunContext,
): Promise<void> {
  const args = ["snapshot", id, "showvminfo", wanted.id];
  const had = parseHardware(await vboxmanage(c.host, args, { signal: c.signal }));
  const has = { cpus: Number(info?.get("cpus")), memoryMiB: Number(info?.get("memory")) };
  if (had.cpus === has.cpus && had.memoryMiB === has.memoryMiB) return;
  throw new LocalkubeError("DRIVER_SNAPSHOT_DIFFERS", {
    name,
    snapshot: wanted.name,
    had: inWords(had),
    has: inWords(has),
  });
}

interface Size {
  readonly cpus: number;
  readonly memoryMiB: number;
}

/** Parses `snapshot … showvminfo`, which has only a human-readable format: `Number of CPUs:   2`, `Memory size:   1024MB`. */
export function parseHardware(output: string): Size {
  const [info] = parseBlocks(output, "Name");
  const number = (key: string): number => Number.parseInt(info?.get(key) ?? "", 10);
  return { cpus: number("Number of CPUs"), memoryMiB: number("Memory size") };
}

const inWords = ({ cpus, memoryMiB }: Size): string => `${cpus} CPUs and ${memoryMiB} MiB`;

/** Runs `work`; VirtualBox' refusals become DRIVER_SNAPSHOT_FAILED. */
async function telling(
  action: string,
  name: string,
  snapshot: string,
  c: RunContext,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    c.signal.throwIfAborted();
    if (error instanceof LocalkubeError && error.id !== "HOST_COMMAND_FAILED") throw error;
    throw failed(action, name, snapshot, wordsFrom(error), error);
  }
}

const failed = (
  action: string,
  name: string,
  snapshot: string,
  output: string,
  cause?: unknown,
): LocalkubeError =>
  new LocalkubeError(
    "DRIVER_SNAPSHOT_FAILED",
    { driver: "virtualbox", action, name, snapshot },
    { cause, output },
  );
