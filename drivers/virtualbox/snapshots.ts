import { readFile } from "node:fs/promises";
import type { MachineSnapshot } from "../../src/contract/driver.ts";
import type { RunContext } from "../../src/contract/host.ts";
import { type KnownHardware, snapshotOps } from "../vm/snapshots.ts";
import { VirtualBoxError } from "./errors.ts";
import { machineFiles } from "./machine-file.ts";
import { look, saneMachine } from "./machine-state.ts";
import { parseBlocks, parseMachineReadable } from "./output.ts";
import { startMachine, stopMachine } from "./power.ts";
import { isNoSnapshot, vboxmanage, wordsFrom } from "./vboxmanage.ts";

/** Time to write memory and merge disks. */
const snapshotMs = 600_000;
/** Disks can be merged into a single neighbour only: if several hang on a snapshot, or the machine and one more, there is none. */
const hasNewer = /cannot be deleted, because it .*child snapshot/;

/** VirtualBox' own snapshots: further differencing disks and, for a running machine, its saved memory. VirtualBox' window shows them too. */
export const snapshots = snapshotOps({
  driver: "virtualbox",
  async look(name, c) {
    const found = await look(name, c);
    return { ...found, machine: saneMachine(name, found) };
  },
  list: ({ machine }, c) => listSnapshots(machine.id, machineFiles(c.host, machine.ref.name).settings, c),
  take({ machine, state }, snapshot, c) {
    const description = describeSnapshot(new Date(), state === "running" || state === "paused");
    return call(c, machine.id, "take", snapshot, "--description", description);
  },
  async hardware({ machine, info }, { id }, c) {
    const args = ["snapshot", machine.id, "showvminfo", id];
    const had = parseHardware(await vboxmanage(c.host, args, { signal: c.signal }));
    return { had, has: { cpus: Number(info?.get("cpus")), memoryMiB: Number(info?.get("memory")) } };
  },
  async restore({ machine, state }, { id, memory }, c) {
    const { name } = machine.ref;
    if (state !== "saved") await stopMachine(name, { ...c, graceMs: 0 });
    await call(c, machine.id, "restore", id);
    if (memory) await startMachine(name, c);
  },
  async remove({ machine }, { id, name: snapshot }, c) {
    try {
      await call(c, machine.id, "delete", id);
    } catch (error) {
      if (!hasNewer.test(wordsFrom(error))) throw error;
      const { name } = machine.ref;
      throw new VirtualBoxError("VIRTUALBOX_SNAPSHOT_HAS_NEWER", { name, snapshot }, { cause: error });
    }
  },
});

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

/** Parses `snapshot … showvminfo`, which has only a human-readable format: `Number of CPUs:   2`, `Memory size:   1024MB`. */
export function parseHardware(output: string): KnownHardware {
  const [info] = parseBlocks(output, "Name");
  const number = (key: string): number => Number.parseInt(info?.get(key) ?? "", 10);
  return { cpus: number("Number of CPUs"), memoryMiB: number("Memory size") };
}

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
