import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { MachineSnapshot } from "../../src/contract/driver.ts";
import type { RunContext } from "../../src/contract/host.ts";
import { snapshotOps, without } from "../vm/snapshots.ts";
import { type MachineFile, machineFiles, type MachineFiles, writeMachine } from "./machine-file.ts";
import { look, saneMachine, savedMemory } from "./machine-state.ts";
import { hardwareValues } from "./machine-vmx.ts";
import { powerOff, powerOn } from "./power.ts";
import { isRunning, vmrun } from "./vmrun.ts";
import { editVmx, parseVmx, valueOf } from "./vmx.ts";

/** Taking a snapshot writes all of the memory, removing one merges disks. */
const workMs = 600_000;

/** VMware keeps snapshots as files beside the machine's: they are removed with it. Player refuses all of it. */
export const snapshots = snapshotOps({
  driver: "vmware",
  async look(name, c) {
    const found = await look(name, c);
    return { ...found, machine: saneMachine(name, found), files: machineFiles(c.host, name) };
  },
  list: ({ machine, files }, c) => ourSnapshots(machine, files, c),
  names: ({ files }, c) => listedSnapshots(files, c),
  async take({ machine, files, state }, snapshot, c) {
    // Recorded before the snapshot is taken: if its hardware were unknown, nobody could tell whether it fits.
    const record = {
      createdAt: new Date().toISOString(),
      memory: state === "running",
      hardware: machine.hardware,
    };
    await writeMachine(c.host, { ...machine, snapshots: { ...machine.snapshots, [snapshot]: record } });
    await must(["snapshot", files.vmx, snapshot], c);
  },
  hardware: ({ machine }, { name }) =>
    Promise.resolve({ has: machine.hardware, had: machine.snapshots[name]?.hardware }),
  async restore({ machine, files, state }, { name: snapshot, memory }, c) {
    if (state === "running" && !(await powerOff(files, c))) throw new Error("the machine does not stop");
    await must(["revertToSnapshot", files.vmx, snapshot], c);
    // Some products power on a machine whose snapshot has memory, others leave it suspended.
    if (memory) {
      if (!(await isRunning(files.vmx, c))) await powerOn(machine.ref.name, files, true, c);
      return;
    }
    // The settings were restored too; the machine keeps its current size.
    await editVmx(files.vmx, { ...hardwareValues(machine.hardware), [savedMemory]: "" });
  },
  async remove({ machine, files }, { name: snapshot }, c) {
    await must(["deleteSnapshot", files.vmx, snapshot], c);
    await writeMachine(c.host, { ...machine, snapshots: without(snapshot, machine.snapshots) });
  },
  wordsOf: (error) => (error as Error).message,
});

async function must(args: readonly string[], c: RunContext): Promise<void> {
  const { ok, text } = await vmrun(args, c, workMs);
  if (!ok) throw new Error(text);
}

const listMs = 30_000;

type Context = Pick<RunContext, "host" | "signal">;

/** Names of all snapshots that VMware has of the machine, other people's too. Rejects with Error when it does not report them. */
export async function listedSnapshots({ vmx }: MachineFiles, c: Context): Promise<readonly string[]> {
  const { ok, text } = await vmrun(["listSnapshots", vmx], c, listMs);
  if (!ok) throw new Error(text);
  return snapshotsIn(text);
}

/** Parses `Total snapshots: 2` and the names after it. */
function snapshotsIn(output: string): readonly string[] {
  const [head = "", ...names] = output.split(/\r?\n/);
  if (!/^Total snapshots: \d+\s*$/.test(head)) throw new Error(`vmrun listSnapshots said: ${output}`);
  return names.map((name) => name.trim()).filter((name) => name !== "");
}

/** Those that we created and VMware still has. */
async function ourSnapshots(
  machine: MachineFile,
  files: MachineFiles,
  c: Context,
): Promise<readonly MachineSnapshot[]> {
  const names = (await listedSnapshots(files, c)).filter((name) => machine.snapshots[name]);
  return Promise.all(
    names.map(async (name) => {
      const { createdAt, memory } = machine.snapshots[name]!;
      return { name, createdAt, memory, bytes: memory ? await memoryBytes(name, files) : 0 };
    }),
  );
}

/** The .vmsd names the file of each snapshot; its memory is stored next to that. */
async function memoryBytes(name: string, files: MachineFiles): Promise<number> {
  const list = parseVmx(await readFile(files.snapshots, "utf8").catch(() => ""));
  const entry = [...list.values()].find(
    (one) => /^snapshot\d+\.displayName$/i.test(one.name) && one.value === name,
  );
  const file = entry && valueOf(list, entry.name.replace(/displayName$/i, "filename"));
  if (!file) return 0;
  const sizes = [file, file.replace(/\.vmsn$/, ".vmem")].map((one) =>
    stat(join(files.folder, one)).then(
      ({ size }) => size,
      () => 0,
    ),
  );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
