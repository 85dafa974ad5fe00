import type { SuspendOps } from "../../src/contract/driver.ts";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { RunContext } from "../../src/contract/host.ts";
import { diskNode } from "./command-line.ts";
import { launchQemu } from "./launch-qemu.ts";
import { type MachineFile, readMachine, writeMachine } from "./machine-file.ts";
import { machineFiles } from "./machine-folder.ts";
import { look, saneMachine, withQmp } from "./machine-state.ts";
import { waitForExit } from "./qemu-process.ts";
import type { Qmp } from "./qmp/qmp-client.ts";
import { runJob } from "./qmp/run-job.ts";

/** No name of a user's snapshot contains capital letters. */
const savedTag = "SUSPENDED";
const exitMs = 20_000;

export const suspendOps: SuspendOps = {
  async save({ name }, c) {
    const found = await look(name, c);
    if (found.state === "saved") return;
    const machine = saneMachine(name, found);
    if (found.state !== "running" && found.state !== "paused")
      throw new LocalkubeError(
        "DRIVER_SUSPEND_FAILED",
        { driver: "qemu", name },
        { output: `it is ${found.state}` },
      );
    await withQmp(name, c, async (qmp) => {
      await qmp.execute("stop");
      try {
        await forget(qmp, c.signal);
        await runJob(
          qmp,
          "snapshot-save",
          { tag: savedTag, vmstate: diskNode, devices: [diskNode] },
          c.signal,
        );
        // Only from now on is the memory valid, and only as long as nobody continues running from here.
        await writeMachine(c.host, { ...machine, saved: true });
      } catch (error) {
        await qmp.execute("cont").catch(() => undefined);
        c.signal.throwIfAborted();
        const params = { driver: "qemu", name };
        throw new LocalkubeError("DRIVER_SUSPEND_FAILED", params, { cause: error, output: String(error) });
      }
      await qmp.execute("quit").catch(() => undefined);
    });
    await waitForExit(c.host, found.pid, exitMs, c.signal);
  },
  async discard({ name }, c) {
    const { state } = await look(name, c);
    const machine = await readMachine(c.host, name);
    if (state !== "saved" || !machine) return;
    await writeMachine(c.host, { ...machine, saved: false });
    const { disk } = machineFiles(c.host, name);
    await c.host.run(["qemu-img", "snapshot", "-d", savedTag, disk], {
      signal: c.signal,
      timeoutMs: 120_000,
      settleMs: 120_000,
    });
  },
};

/**
 * Loads the memory into a paused machine, records that it must not be loaded again, and lets the machine run: if it were loaded a second
 * time, everything written to the disk since would be lost. Rejects with DRIVER_RESUME_FAILED; the memory is kept then.
 */
export async function wake(machine: MachineFile, c: RunContext): Promise<void> {
  const { name } = machine.ref;
  try {
    await launchQemu(machine, c, savedTag);
  } catch (error) {
    if (!(error instanceof LocalkubeError) || error.id !== "DRIVER_START_FAILED") throw error;
    const output = error.output ?? "";
    throw new LocalkubeError("DRIVER_RESUME_FAILED", { driver: "qemu", name }, { cause: error, output });
  }
  await writeMachine(c.host, { ...machine, saved: false });
  await withQmp(name, c, async (qmp) => {
    await qmp.execute("cont");
    await forget(qmp, c.signal);
  });
}

/** Removes the saved memory from the disk; fine if there is none. */
const forget = async (qmp: Qmp, signal: AbortSignal): Promise<void> =>
  runJob(qmp, "snapshot-delete", { tag: savedTag, devices: [diskNode] }, signal);
