import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { runJob } from "../../../../drivers/qemu/qmp.ts";
import { runCommand } from "../../../../src/host/run-command.ts";
import { formatDictionary } from "./dictionary.ts";
import { diskNode, runDiskOf, readVmx, savedTag, stop, writeVmx } from "./power.ts";
import type { Rig } from "./rig.ts";
import { type RunEntry, withMonitor } from "./run-time.ts";

/** One snapshot; `file` (.vmsn) is also its tag in that disk. */
interface Snapshot {
  readonly name: string;
  readonly file: string;
  readonly memory: boolean;
  /** The settings at that time. */
  readonly vmx: string;
}

const recordOf = (vmx: string): string => join(dirname(vmx), "rig-snapshots.json");

export const snapshotsOf = (vmx: string): readonly Snapshot[] =>
  existsSync(recordOf(vmx)) ? (JSON.parse(readFileSync(recordOf(vmx), "utf8")) as Snapshot[]) : [];

function write(vmx: string, snapshots: readonly Snapshot[]): void {
  writeFileSync(recordOf(vmx), JSON.stringify(snapshots));
  const values = snapshots.flatMap(({ name, file }, i) => [
    [`snapshot${i}.displayName`, name] as const,
    [`snapshot${i}.filename`, file] as const,
  ]);
  const list = new Map([["snapshot.numSnapshots", String(snapshots.length)] as const, ...values]);
  writeFileSync(vmx.replace(/\.vmx$/, ".vmsd"), formatDictionary(list));
}

export async function takeSnapshot(vmx: string, entry: RunEntry | undefined, name: string): Promise<void> {
  const known = snapshotsOf(vmx);
  if (known.some((one) => one.name === name)) throw new Error("The name already exists");
  const values = readVmx(vmx);
  const file = `${values.get("displayName") ?? ""}-Snapshot${known.length + 1}-${Date.now()}.vmsn`;
  if (entry) {
    const job = { tag: file, vmstate: diskNode, devices: [diskNode] };
    await withMonitor(entry, (qmp, signal) => runJob(qmp, "snapshot-save", job, signal));
  } else if (existsSync(runDiskOf(vmx)))
    await runCommand(["qemu-img", "snapshot", "-c", file, runDiskOf(vmx)]);
  else throw new Error("Unknown error");
  writeFileSync(join(dirname(vmx), file), "disk and memory are in rig-disk.qcow2\n");
  write(vmx, [...known, { name, file, memory: entry !== undefined, vmx: readFileSync(vmx, "utf8") }]);
}

/** As Workstation does: memory is not run on from by itself, the machine is left suspended. */
export async function revert(
  rig: Rig,
  vmx: string,
  entry: RunEntry | undefined,
  name: string,
): Promise<void> {
  const snapshot = named(vmx, name);
  if (entry) await stop(rig, entry, "hard");
  const before = readVmx(vmx).get("checkpoint.vmState") ?? "";
  if (before.endsWith(".vmss")) {
    rmSync(join(dirname(vmx), before));
    await runCommand(["qemu-img", "snapshot", "-d", savedTag, runDiskOf(vmx)]);
  }
  if (!snapshot.memory) await runCommand(["qemu-img", "snapshot", "-a", snapshot.file, runDiskOf(vmx)]);
  writeFileSync(vmx, snapshot.vmx);
  const values = readVmx(vmx).set("checkpoint.vmState", snapshot.memory ? snapshot.file : "");
  writeVmx(vmx, snapshot.memory ? values.set("checkpoint.vmState.readOnly", "TRUE") : values);
}

export async function deleteSnapshot(vmx: string, entry: RunEntry | undefined, name: string): Promise<void> {
  const { file } = named(vmx, name);
  if (entry)
    await withMonitor(entry, (qmp, signal) =>
      runJob(qmp, "snapshot-delete", { tag: file, devices: [diskNode] }, signal),
    );
  else await runCommand(["qemu-img", "snapshot", "-d", file, runDiskOf(vmx)]);
  rmSync(join(dirname(vmx), file));
  write(
    vmx,
    snapshotsOf(vmx).filter((one) => one.name !== name),
  );
}

function named(vmx: string, name: string): Snapshot {
  const found = snapshotsOf(vmx).find((one) => one.name === name);
  if (!found) throw new Error("The snapshot does not exist");
  return found;
}
