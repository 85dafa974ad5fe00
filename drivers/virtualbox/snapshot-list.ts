import type { MachineSnapshot } from "../../src/contract/driver.ts";
import type { RunContext } from "../../src/contract/host.ts";
import { parseBlocks } from "./list-output.ts";
import { parseMachineReadable } from "./machine-readable.ts";
import { isNoSnapshot, vboxmanage } from "./vboxmanage.ts";

export interface ListedSnapshot extends MachineSnapshot {
  /** Names need not be unique in VirtualBox. */
  readonly id: string;
  readonly cpus: number;
  readonly memoryMiB: number;
}

/** All snapshots of the machine, oldest first, as VirtualBox has them. */
export async function listSnapshots(machine: string, c: RunContext): Promise<readonly ListedSnapshot[]> {
  const entries = await entriesOf(machine, c);
  const found: ListedSnapshot[] = [];
  for (const [key, name] of entries) {
    const place = /^SnapshotName(|-[\d-]+)$/.exec(key)?.[1];
    const id = place === undefined ? undefined : entries.get(`SnapshotUUID${place}`);
    if (id === undefined) continue;
    const args = ["snapshot", machine, "showvminfo", id];
    const output = await vboxmanage(c.host, args, { signal: c.signal });
    found.push({ id, name, ...parseSnapshotInfo(output) });
  }
  return found.toSorted((a, b) => a.createdAt.localeCompare(b.createdAt));
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

/** Reads `snapshot … showvminfo`, which exists for people only. `State:  saved (since 2026-11-25T19:13:07.787000000)` is one with memory. */
export function parseSnapshotInfo(output: string): Omit<ListedSnapshot, "id" | "name"> {
  const [info = new Map<string, string>()] = parseBlocks(output, "Name");
  const [, state = "", since = ""] = /^(.*) \(since (\S+)\)$/.exec(info.get("State") ?? "") ?? [];
  const date = new Date(`${since.slice(0, 23)}Z`);
  return {
    createdAt: Number.isNaN(date.getTime()) ? new Date(0).toISOString() : date.toISOString(),
    memory: /^(?:saved|aborted-saved)$/.test(state),
    // VirtualBox does not tell.
    bytes: 0,
    cpus: Number.parseInt(info.get("Number of CPUs") ?? "", 10),
    memoryMiB: Number.parseInt(info.get("Memory size") ?? "", 10),
  };
}
