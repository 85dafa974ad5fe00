import { access, mkdir, rm } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { SuspendOps } from "../../src/contract/driver.ts";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { RunContext } from "../../src/contract/host.ts";
import { isPortFree } from "../../src/host/choose-ports.ts";
import { accelerator } from "./accelerator.ts";
import { commandLine, diskNode } from "./command-line.ts";
import { type MachineFile, machineFiles, machinesFolder, readMachine, writeMachine } from "./machine-file.ts";
import { look, saneMachine, withQmp } from "./machine-state.ts";
import { platforms } from "./platform.ts";
import { qemuProcess, waitForExit } from "./qemu-process.ts";
import { type Qmp, runJob } from "./qmp.ts";

/** A write that waited for space fails again immediately if there is still none. */
const retryMs = 300;

/** Powers on, wakes or continues the machine; a running one is left alone. Errors as in the contract, and DRIVER_DISK_FULL. */
export async function startMachine(name: string, c: RunContext): Promise<void> {
  const found = await look(name, c);
  const machine = saneMachine(name, found);
  if (found.state === "running" || found.state === "starting") return;
  if (found.state === "saved") return wake(machine, c);
  if (found.state === "stopping") throw new LocalkubeError("DRIVER_START_FAILED", { driver: "qemu", name });
  if (found.state === "paused") return carryOn(name, c);
  if (!machine.ran) await writeMachine(c.host, { ...machine, ran: true });
  await launchQemu(machine, c);
}

async function carryOn(name: string, c: RunContext): Promise<void> {
  const status = await withQmp(name, c, async (qmp) => {
    await qmp.execute("cont");
    await sleep(retryMs, undefined, { signal: c.signal });
    return (await qmp.execute<{ status: string }>("query-status")).status;
  });
  if (status === "io-error")
    throw new LocalkubeError("DRIVER_DISK_FULL", { name, folder: machinesFolder(c.host) });
}

/** QEMU loads saved memory before it goes to the background. */
const launchMs = 300_000;

/**
 * Starts QEMU in the background; with `load` it loads that snapshot's memory and waits for `cont`. Rejects with DRIVER_PORT_TAKEN or
 * DRIVER_START_FAILED with QEMU's own message.
 */
export async function launchQemu(machine: MachineFile, c: RunContext, load?: string): Promise<void> {
  const { name, ports } = machine.ref;
  const files = machineFiles(c.host, name);
  for (const port of Object.values(ports))
    if (!(await isPortFree(port)))
      throw new LocalkubeError("DRIVER_PORT_TAKEN", { driver: "qemu", name, port });
  if (files.socketFolder) await mkdir(files.socketFolder, { recursive: true, mode: 0o700 });
  // Left by a killed process.
  for (const file of [files.socket, files.pid]) await rm(file, { force: true });
  const firmware = await firstOf(platforms[c.host.arch].firmware);
  const launch = {
    arch: c.host.arch,
    accelerator: await accelerator(c.host),
    ...(firmware === undefined ? {} : { firmware }),
    ...(load === undefined ? {} : { load }),
  };
  try {
    await c.host.run(commandLine(machine, files, launch), { signal: c.signal, timeoutMs: launchMs });
  } catch (error) {
    if (!(error instanceof LocalkubeError) || error.id !== "HOST_COMMAND_FAILED") throw error;
    const output = error.output ?? "";
    throw new LocalkubeError("DRIVER_START_FAILED", { driver: "qemu", name }, { cause: error, output });
  }
}

async function firstOf(files: readonly string[]): Promise<string | undefined> {
  for (const file of files)
    if (
      await access(file).then(
        () => true,
        () => false,
      )
    )
      return file;
  return undefined;
}

/** A guest that is still booting ignores the power button: it is pressed again. */
const pressAgainMs = 5000;
const quitMs = 5000;

/** Presses the power button until `graceMs` has passed, then cuts the power. Stopped, saved and absent machines are left alone. */
export async function stopMachine(name: string, c: RunContext & { readonly graceMs: number }): Promise<void> {
  const found = await look(name, c);
  if (["absent", "stopped", "saved"].includes(found.state)) return;
  saneMachine(name, found);
  const files = machineFiles(c.host, name);
  const { pid } = found;
  const ended = (withinMs: number) => waitForExit(c.host, pid, withinMs, c.signal);
  const deadline = performance.now() + c.graceMs;
  // A frozen guest does not notice the button.
  if (found.state === "paused") await withQmp(name, c, (qmp) => qmp.execute("cont")).catch(() => undefined);
  for (;;) {
    const left = deadline - performance.now();
    if (left <= 0) break;
    // QEMU closes the monitor when it ends, which is not a failure.
    await withQmp(name, c, (qmp) => qmp.execute("system_powerdown")).catch(() => undefined);
    if (await ended(Math.min(left, pressAgainMs))) return;
  }
  await withQmp(name, c, (qmp) => qmp.execute("quit")).catch(() => undefined);
  if (await ended(quitMs)) return;
  // Looked up again: the pid may belong to another program by now.
  if (pid !== undefined && (await qemuProcess(c.host, files)) === pid) process.kill(pid, "SIGKILL");
  if (await ended(quitMs)) return;
  throw new LocalkubeError("DRIVER_STOP_FAILED", { driver: "qemu", name }, { output: `process ${pid}` });
}

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
async function wake(machine: MachineFile, c: RunContext): Promise<void> {
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
