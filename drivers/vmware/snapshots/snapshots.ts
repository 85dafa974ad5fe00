import type { Hardware, SnapshotOps } from "../../../src/contract/driver.ts";
import { LocalkubeError } from "../../../src/contract/errors/localkube-error.ts";
import type { RunContext } from "../../../src/contract/host.ts";
import { sameHardware } from "../../vm/machine-record.ts";
import { type MachineFile, writeMachine } from "../machine-file.ts";
import { machineFiles } from "../machine-folder.ts";
import { look, type Look, saneMachine, savedMemory } from "../machine-state.ts";
import { powerOff } from "../power-off.ts";
import { isRunning } from "../running-list.ts";
import { powerOn } from "../start-machine.ts";
import { vmrun } from "../vmrun.ts";
import { editVmx } from "../vmx/vmx-file.ts";
import { hardwareValues } from "../vmx/machine-vmx.ts";
import { listedSnapshots, ourSnapshots } from "./list-snapshots.ts";

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
