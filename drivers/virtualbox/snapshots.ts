import type { SnapshotOps } from "../../src/contract/driver.ts";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { RunContext } from "../../src/contract/host.ts";
import { look, type Look, saneMachine } from "./machine-state.ts";
import { type ListedSnapshot, listSnapshots } from "./snapshot-list.ts";
import { startMachine } from "./start-machine.ts";
import { stopMachine } from "./stop-machine.ts";
import { vboxmanage, wordsFrom } from "./vboxmanage.ts";

/** Memory is written, disks are merged. */
const snapshotMs = 600_000;
/** Disks are merged into one neighbour: where several hang on a snapshot, or the machine and one more, there is none. */
const hasNewer = /cannot be deleted, because it .*child snapshot/;

/** VirtualBox' own snapshots: further differencing disks and, of a running machine, its saved memory. Its window shows them too. */
export const snapshotOps: SnapshotOps = {
  async create({ name }, snapshot, c) {
    const { found, id } = await sane(name, c);
    if ((await listSnapshots(id, c)).some((one) => one.name === snapshot))
      throw new LocalkubeError("DRIVER_SNAPSHOT_EXISTS", { name, snapshot });
    if (found.state === "saved")
      throw failed("create", name, snapshot, "the machine is suspended: wake it first");
    await telling("create", name, snapshot, c, () => call(c, id, "take", snapshot));
  },
  async list({ name }, c) {
    const { id } = await sane(name, c);
    return (await listSnapshots(id, c)).map(({ name: snapshot, createdAt, memory, bytes }) => ({
      name: snapshot,
      createdAt,
      memory,
      bytes,
    }));
  },
  async restore({ name }, snapshot, c) {
    const { found, id } = await sane(name, c);
    const wanted = (await listSnapshots(id, c)).find((one) => one.name === snapshot);
    if (!wanted) throw new LocalkubeError("DRIVER_SNAPSHOT_UNKNOWN", { name, snapshot });
    if (wanted.memory) assertSameHardware(name, wanted, found);
    await telling("restore", name, snapshot, c, async () => {
      if (found.state !== "saved") await stopMachine(name, { ...c, graceMs: 0 });
      await call(c, id, "restore", wanted.id);
      if (wanted.memory) await startMachine(name, c);
    });
  },
  async remove({ name }, snapshot, c) {
    const { id } = await sane(name, c);
    const unwanted = (await listSnapshots(id, c)).find((one) => one.name === snapshot);
    if (!unwanted) return;
    await telling("delete", name, snapshot, c, async () => {
      try {
        await call(c, id, "delete", unwanted.id);
      } catch (error) {
        if (!hasNewer.test(wordsFrom(error))) throw error;
        throw new LocalkubeError("VIRTUALBOX_SNAPSHOT_HAS_NEWER", { name, snapshot }, { cause: error });
      }
    });
  },
};

const call = async (c: RunContext, id: string, verb: string, snapshot: string): Promise<void> =>
  void (await vboxmanage(c.host, ["snapshot", id, verb, snapshot], {
    signal: c.signal,
    timeoutMs: snapshotMs,
  }));

async function sane(name: string, c: RunContext): Promise<{ readonly found: Look; readonly id: string }> {
  const found = await look(name, c);
  return { found, id: saneMachine(name, found).id };
}

/** VirtualBox would give the machine its old hardware back with the memory, and nobody asked for that. */
function assertSameHardware(name: string, wanted: ListedSnapshot, { info }: Look): void {
  const has = { cpus: Number(info?.get("cpus")), memoryMiB: Number(info?.get("memory")) };
  if (wanted.cpus === has.cpus && wanted.memoryMiB === has.memoryMiB) return;
  throw new LocalkubeError("DRIVER_SNAPSHOT_DIFFERS", {
    name,
    snapshot: wanted.name,
    had: inWords(wanted),
    has: inWords(has),
  });
}

const inWords = ({ cpus, memoryMiB }: { readonly cpus: number; readonly memoryMiB: number }): string =>
  `${cpus} CPUs and ${memoryMiB} MiB`;

/** Runs `work`; what VirtualBox refuses becomes DRIVER_SNAPSHOT_FAILED. */
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
