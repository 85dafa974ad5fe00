import type { MachineSnapshot } from "../../src/contract/driver.ts";
import type { RunContext } from "../../src/contract/host.ts";
import { snapshotOps, without } from "../vm/snapshots.ts";
import { diskNode } from "./command-line.ts";
import { launchQemu, stopMachine, suspendOps } from "./power.ts";
import { machineFiles, writeMachine } from "./machine-file.ts";
import { look, saneMachine, withQmp } from "./machine-state.ts";
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
export const snapshots = snapshotOps({
  driver: "qemu",
  async look(name, c) {
    const found = await look(name, c);
    return { ...found, machine: saneMachine(name, found) };
  },
  list: ({ machine, pid }, c) => listed(machine.ref.name, pid, c),
  async take({ machine, pid }, snapshot, c) {
    const { name } = machine.ref;
    if (pid === undefined) return image(name, "-c", snapshot, c);
    // Recorded before the snapshot is taken: if its hardware were unknown, nobody could tell whether it fits.
    await writeMachine(c.host, {
      ...machine,
      snapshots: { ...machine.snapshots, [snapshot]: machine.hardware },
    });
    const job = { tag: tagOf(snapshot), vmstate: diskNode, devices: [diskNode] };
    return withQmp(name, c, (qmp) => runJob(qmp, "snapshot-save", job, c.signal));
  },
  hardware: ({ machine }, { name }) =>
    Promise.resolve({ has: machine.hardware, had: machine.snapshots[name] }),
  async restore({ machine, pid, state }, { name: snapshot, memory }, c) {
    const { name } = machine.ref;
    if (state === "saved") await suspendOps.discard(machine.ref, c);
    if (!memory) {
      await stopMachine(name, { ...c, graceMs: 0 });
      return image(name, "-a", snapshot, c);
    }
    if (pid !== undefined) {
      const job = { tag: tagOf(snapshot), vmstate: diskNode, devices: [diskNode] };
      return withQmp(name, c, async (qmp) => {
        await runJob(qmp, "snapshot-load", job, c.signal);
        await qmp.execute("cont");
      });
    }
    await launchQemu({ ...machine, saved: false }, c, tagOf(snapshot));
    return withQmp(name, c, async (qmp) => void (await qmp.execute("cont")));
  },
  async remove({ machine, pid }, { name: snapshot }, c) {
    const { name } = machine.ref;
    await (pid === undefined
      ? image(name, "-d", snapshot, c)
      : withQmp(name, c, (qmp) =>
          runJob(qmp, "snapshot-delete", { tag: tagOf(snapshot), devices: [diskNode] }, c.signal),
        ));
    await writeMachine(c.host, { ...machine, snapshots: without(snapshot, machine.snapshots) });
  },
});

/** The actual list from the disk's file, obtained from whoever has it open. */
async function listed(
  name: string,
  pid: number | undefined,
  c: RunContext,
): Promise<readonly MachineSnapshot[]> {
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
