import { readFile } from "node:fs/promises";
import type { MachineSnapshot } from "../../src/contract/driver.ts";
import type { RunContext } from "../../src/contract/host.ts";
import { parseMachineReadable } from "./machine-readable.ts";
import { isNoSnapshot, vboxmanage } from "./vboxmanage.ts";

export interface ListedSnapshot extends MachineSnapshot {
  /** Names need not be unique in VirtualBox. */
  readonly id: string;
}

/**
 * The time it was taken and whether it has memory, as the snapshot's description: VBoxManage lists neither, and the state and time in
 * `snapshot … showvminfo` are the machine's current ones.
 */
export const describeSnapshot = (now: Date, memory: boolean): string =>
  `localkube ${now.toISOString()} ${memory ? "disk and memory" : "disk"}`;

const ourDescription = /^localkube (\S+Z) (disk and memory|disk)$/;

/** All snapshots of the machine, oldest first; `settings` is its settings file, read for snapshots taken in VirtualBox' own window. */
export async function listSnapshots(
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
