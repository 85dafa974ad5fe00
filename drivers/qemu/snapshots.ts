import type { Hardware, MachineSnapshot, SnapshotOps } from "../../src/contract/driver.ts";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { RunContext } from "../../src/contract/host.ts";
import { diskNode } from "./command-line.ts";
import { launchQemu, stopMachine, suspendOps } from "./power.ts";
import { type MachineFile, machineFiles, writeMachine } from "./machine-file.ts";
import { look, type Look, saneMachine, withQmp } from "./machine-state.ts";
import { runJob } from "./qmp.ts";

const imageMs = 120_000;
/** Prefix of a user's snapshots, so that no name is taken for an option or for the snapshot in which we save the machine's memory. */
const tagOf = (name: string): string => `user-${name}`;

/** QEMU's SnapshotInfo (qapi/block-core.json). */
interface SnapshotInfo {
  readonly name: string;
  readonly "vm-state-size": number;
  readonly "date-sec": number;
}

/** QEMU keeps snapshots inside the disk's file: they are removed with the machine. */
export const snapshotOps: SnapshotOps = {
  async create({ name }, snapshot, c) {
    const { found, machine } = await sane(name, c);
    if ((await listed(name, found, c)).some((one) => one.name === snapshot))
      throw new LocalkubeError("DRIVER_SNAPSHOT_EXISTS", { name, snapshot });
    if (found.state === "saved")
      throw failed("create", name, snapshot, "the machine is suspended: wake it first");
    await telling("create", name, snapshot, c, async () => {
      if (found.pid === undefined) return image(name, "-c", snapshot, c);
      // Recorded before the snapshot is taken: if its hardware were unknown, nobody could tell whether it fits.
      await writeMachine(c.host, {
        ...machine,
        snapshots: { ...machine.snapshots, [snapshot]: machine.hardware },
      });
      const job = { tag: tagOf(snapshot), vmstate: diskNode, devices: [diskNode] };
      return withQmp(name, c, (qmp) => runJob(qmp, "snapshot-save", job, c.signal));
    });
  },
  async list({ name }, c) {
    const { found } = await sane(name, c);
    return listed(name, found, c);
  },
  async restore({ name }, snapshot, c) {
    const { found, machine } = await sane(name, c);
    const wanted = (await listed(name, found, c)).find((one) => one.name === snapshot);
    if (!wanted) throw new LocalkubeError("DRIVER_SNAPSHOT_UNKNOWN", { name, snapshot });
    if (wanted.memory) assertSameHardware(machine, snapshot);
    await telling("restore", name, snapshot, c, async () => {
      if (found.state === "saved") await suspendOps.discard(machine.ref, c);
      if (!wanted.memory) {
        await stopMachine(name, { ...c, graceMs: 0 });
        return image(name, "-a", snapshot, c);
      }
      if (found.pid !== undefined) {
        const job = { tag: tagOf(snapshot), vmstate: diskNode, devices: [diskNode] };
        return withQmp(name, c, async (qmp) => {
          await runJob(qmp, "snapshot-load", job, c.signal);
          await qmp.execute("cont");
        });
      }
      await launchQemu({ ...machine, saved: false }, c, tagOf(snapshot));
      return withQmp(name, c, async (qmp) => void (await qmp.execute("cont")));
    });
  },
  async remove({ name }, snapshot, c) {
    const { found, machine } = await sane(name, c);
    if (!(await listed(name, found, c)).some((one) => one.name === snapshot)) return;
    await telling("delete", name, snapshot, c, () =>
      found.pid === undefined
        ? image(name, "-d", snapshot, c)
        : withQmp(name, c, (qmp) =>
            runJob(qmp, "snapshot-delete", { tag: tagOf(snapshot), devices: [diskNode] }, c.signal),
          ),
    );
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

/** The actual list from the disk's file, obtained from whoever has it open. */
async function listed(name: string, { pid }: Look, c: RunContext): Promise<readonly MachineSnapshot[]> {
  const infos = pid === undefined ? await fromImage(name, c) : await fromQemu(name, c);
  return infos
    .filter(({ name: tag }) => tag.startsWith(tagOf("")))
    .map((info) => ({
      name: info.name.slice(tagOf("").length),
      createdAt: new Date(info["date-sec"] * 1000).toISOString(),
      memory: info["vm-state-size"] > 0,
      bytes: info["vm-state-size"],
    }));
}

async function fromImage(name: string, c: RunContext): Promise<readonly SnapshotInfo[]> {
  const { disk } = machineFiles(c.host, name);
  const { stdout } = await c.host.run(["qemu-img", "info", "--output=json", disk], { signal: c.signal });
  return (JSON.parse(stdout) as { snapshots?: readonly SnapshotInfo[] }).snapshots ?? [];
}

const fromQemu = (name: string, c: RunContext): Promise<readonly SnapshotInfo[]> =>
  withQmp(name, c, async (qmp) => {
    const nodes = await qmp.execute<
      readonly { "node-name": string; image: { snapshots?: readonly SnapshotInfo[] } }[]
    >("query-named-block-nodes", { flat: true });
    return nodes.find((node) => node["node-name"] === diskNode)?.image.snapshots ?? [];
  });

async function image(name: string, option: string, snapshot: string, c: RunContext): Promise<void> {
  const { disk } = machineFiles(c.host, name);
  const argv = ["qemu-img", "snapshot", option, tagOf(snapshot), disk] as const;
  // It writes into the machine's own disk, which would be damaged if it were interrupted.
  await c.host.run([...argv], { signal: c.signal, timeoutMs: imageMs, settleMs: imageMs });
}

function assertSameHardware({ ref, hardware, snapshots }: MachineFile, snapshot: string): void {
  const had = snapshots[snapshot];
  if (
    had &&
    had.cpus === hardware.cpus &&
    had.memoryMiB === hardware.memoryMiB &&
    had.diskGiB === hardware.diskGiB
  )
    return;
  throw new LocalkubeError("DRIVER_SNAPSHOT_DIFFERS", {
    name: ref.name,
    snapshot,
    had: had ? inWords(had) : "unknown hardware",
    has: inWords(hardware),
  });
}

const inWords = ({ cpus, memoryMiB, diskGiB }: Hardware): string =>
  `${cpus} CPUs, ${memoryMiB} MiB and a disk of ${diskGiB} GiB`;

/** Runs `work`; QEMU's refusals become DRIVER_SNAPSHOT_FAILED. */
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
    throw failed(
      action,
      name,
      snapshot,
      error instanceof LocalkubeError ? (error.output ?? "") : String(error),
      error,
    );
  }
}

const failed = (
  action: string,
  name: string,
  snapshot: string,
  output: string,
  cause?: unknown,
): LocalkubeError =>
  new LocalkubeError("DRIVER_SNAPSHOT_FAILED", { driver: "qemu", action, name, snapshot }, { cause, output });
