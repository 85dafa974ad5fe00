import { readFile } from "node:fs/promises";
import type { MachineSnapshot, SnapshotOps } from "../../src/contract/driver.ts";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { RunContext } from "../../src/contract/host.ts";
import { VirtualBoxError } from "./errors.ts";
import { machineFiles } from "./machine-file.ts";
import { look, type Look, saneMachine } from "./machine-state.ts";
import { parseBlocks, parseMachineReadable } from "./output.ts";
import { startMachine, stopMachine } from "./power.ts";
import { isNoSnapshot, vboxmanage, wordsFrom } from "./vboxmanage.ts";

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

interface ListedSnapshot extends MachineSnapshot {
  /** Names need not be unique in VirtualBox. */
  readonly id: string;
}

/**
 * The time it was taken and whether it has memory, as the snapshot's description: VBoxManage lists neither, and the state and time in
 * `snapshot … showvminfo` are the machine's current ones.
 */
const describeSnapshot = (now: Date, memory: boolean): string =>
  `localkube ${now.toISOString()} ${memory ? "disk and memory" : "disk"}`;

const ourDescription = /^localkube (\S+Z) (disk and memory|disk)$/;

/** All snapshots of the machine, oldest first; `settings` is its settings file, read for snapshots taken in VirtualBox' own window. */
async function listSnapshots(
  machine: string,
  settings: string,
  c: RunContext,
): Promise<readonly ListedSnapshot[]> {
  const entries = await entriesOf(machine, c);
  const found = [...entries].flatMap(([key, name]) => {
    const place = /^SnapshotName(|-[\d-]+)$/.exec(key)?.[1];
    const id = place === undefined ? undefined : entries.get(`SnapshotUUID${place}`);
    if (id === undefined) return [];
    return [{ id, name, description: entries.get(`SnapshotDescription${place}`) ?? "" }];
  });
  const listed = found.map(async ({ id, name, description }): Promise<ListedSnapshot> => {
    const [, createdAt, what] = ourDescription.exec(description) ?? [];
    // VirtualBox does not report the size of the memory.
    const known = createdAt === undefined ? undefined : { createdAt, memory: what === "disk and memory" };
    return { id, name, bytes: 0, ...(known ?? (await fromSettings(settings, id))) };
  });
  return (await Promise.all(listed)).toSorted((a, b) => a.createdAt.localeCompare(b.createdAt));
}

/** A machine without snapshots answers with exit code 1 and a sentence that is no error. */
async function entriesOf(machine: string, c: RunContext): Promise<ReadonlyMap<string, string>> {
  try {
    const args = ["snapshot", machine, "list", "--machinereadable"];
    return parseMachineReadable(await vboxmanage(c.host, args, { signal: c.signal }));
  } catch (error) {
    if (isNoSnapshot(error)) return new Map();
    throw error;
  }
}

const fromSettings = async (
  settings: string,
  id: string,
): Promise<Pick<MachineSnapshot, "createdAt" | "memory">> =>
  parseSnapshotTag(await readFile(settings, "utf8").catch(() => ""), id);

/** Parses `<Snapshot uuid="{…}" name="…" timeStamp="2026-11-25T19:14:11Z" stateFile="Snapshots/….sav">`; an unknown time becomes 1970. */
export function parseSnapshotTag(xml: string, id: string): Pick<MachineSnapshot, "createdAt" | "memory"> {
  const tags = xml.match(/<Snapshot\s[^>]*>/g) ?? [];
  const tag = tags.find((text) => text.includes(`uuid="{${id}}"`)) ?? "";
  const date = new Date(/\stimeStamp="([^"]+)"/.exec(tag)?.[1] ?? 0);
  return {
    createdAt: (Number.isNaN(date.getTime()) ? new Date(0) : date).toISOString(),
    memory: /\sstateFile="[^"]/.test(tag),
  };
}
