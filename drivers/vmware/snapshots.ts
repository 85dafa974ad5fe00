import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Hardware, MachineSnapshot, SnapshotOps } from "../../src/contract/driver.ts";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { RunContext } from "../../src/contract/host.ts";
import { sameHardware } from "../vm/machine-record.ts";
import { type MachineFile, machineFiles, type MachineFiles, writeMachine } from "./machine-file.ts";
import { look, type Look, saneMachine, savedMemory } from "./machine-state.ts";
import { hardwareValues } from "./machine-vmx.ts";
import { powerOff, powerOn } from "./power.ts";
import { isRunning, vmrun } from "./vmrun.ts";
import { editVmx, parseVmx, valueOf } from "./vmx.ts";

/** Taking a snapshot writes all of the memory, removing one merges disks. */
const workMs = 600_000;

/** VMware keeps snapshots as files beside the machine's: they are removed with it. */
export const snapshotOps: SnapshotOps = {
  async create({ name }, snapshot, c) {
    const { found, machine } = await sane(name, c);
    const files = machineFiles(c.host, name);
    if (found.state === "saved")
      throw failed("create", name, snapshot, "the machine is suspended: wake it first");
    await telling("create", name, snapshot, c, async () => {
      if ((await listedSnapshots(files, c)).includes(snapshot))
        throw new LocalkubeError("DRIVER_SNAPSHOT_EXISTS", { name, snapshot });
      // Recorded before the snapshot is taken: if its hardware were unknown, nobody could tell whether it fits.
      const record = {
        createdAt: new Date().toISOString(),
        memory: found.state === "running",
        hardware: machine.hardware,
      };
      await writeMachine(c.host, { ...machine, snapshots: { ...machine.snapshots, [snapshot]: record } });
      await must(["snapshot", files.vmx, snapshot], c);
    });
  },
  async list({ name }, c) {
    const { machine } = await sane(name, c);
    return ourSnapshots(machine, machineFiles(c.host, name), c);
  },
  async restore({ name }, snapshot, c) {
    const { found, machine } = await sane(name, c);
    const files = machineFiles(c.host, name);
    const record = machine.snapshots[snapshot];
    const listed = await listedSnapshots(files, c);
    if (!record || !listed.includes(snapshot))
      throw new LocalkubeError("DRIVER_SNAPSHOT_UNKNOWN", { name, snapshot });
    if (record.memory && !sameHardware(record.hardware, machine.hardware))
      throw new LocalkubeError("DRIVER_SNAPSHOT_DIFFERS", {
        name,
        snapshot,
        had: inWords(record.hardware),
        has: inWords(machine.hardware),
      });
    await telling("restore", name, snapshot, c, async () => {
      if (found.state === "running" && !(await powerOff(files, c)))
        throw new Error("the machine does not stop");
      await must(["revertToSnapshot", files.vmx, snapshot], c);
      // Some products power on a machine whose snapshot has memory, others leave it suspended.
      if (record.memory) {
        if (!(await isRunning(files.vmx, c))) await powerOn(name, files, true, c);
        return;
      }
      // The settings were restored too; the machine keeps its current size.
      await editVmx(files.vmx, { ...hardwareValues(machine.hardware), [savedMemory]: "" });
    });
  },
  async remove({ name }, snapshot, c) {
    const { machine } = await sane(name, c);
    const files = machineFiles(c.host, name);
    if (!machine.snapshots[snapshot]) return;
    await telling("delete", name, snapshot, c, async () => {
      if ((await listedSnapshots(files, c)).includes(snapshot))
        await must(["deleteSnapshot", files.vmx, snapshot], c);
    });
    const snapshots = Object.fromEntries(
      Object.entries(machine.snapshots).filter(([one]) => one !== snapshot),
    );
    await writeMachine(c.host, { ...machine, snapshots });
  },
};

async function sane(name: string, c: RunContext): Promise<{ found: Look; machine: MachineFile }> {
  const found = await look(name, c);
  return { found, machine: saneMachine(name, found) };
}

async function must(args: readonly string[], c: RunContext): Promise<void> {
  const { ok, text } = await vmrun(args, c, workMs);
  if (!ok) throw new Error(text);
}

const inWords = ({ cpus, memoryMiB, diskGiB }: Hardware): string =>
  `${cpus} CPUs, ${memoryMiB} MiB and a disk of ${diskGiB} GiB`;

/** Runs `work`; VMware's refusals become DRIVER_SNAPSHOT_FAILED. Player refuses all of it. */
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
    if (error instanceof LocalkubeError && !error.id.startsWith("HOST_")) throw error;
    throw failed(action, name, snapshot, (error as Error).message, error);
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
    { driver: "vmware", action, name, snapshot },
    { cause, output },
  );

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
