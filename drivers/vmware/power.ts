import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { SuspendOps } from "../../src/contract/driver.ts";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { RunContext } from "../../src/contract/host.ts";
import { poll } from "../../src/host/poll.ts";
import { VmwareError } from "./errors.ts";
import { knownFailure } from "./known-failures.ts";
import { type MachineFiles, machineFiles, writeMachine } from "./machine-file.ts";
import { logTail, look, saneMachine, savedMemory } from "./machine-state.ts";
import { isRunning, vmrun } from "./vmrun.ts";
import { editVmx, valueOf } from "./vmx.ts";

const startMs = 180_000;

/** Powers on or wakes the machine; a running one is left alone. Errors as in the contract, and VMWARE_START_FAILED when we know the cause. */
export async function startMachine(name: string, c: RunContext): Promise<void> {
  const found = await look(name, c);
  const machine = saneMachine(name, found);
  if (found.state === "running") return;
  if (!machine.ran) await writeMachine(c.host, { ...machine, ran: true });
  await powerOn(name, machineFiles(c.host, name), found.state === "saved", c);
}

/**
 * Starts without a window. With `waking` an unknown failure is DRIVER_RESUME_FAILED; the saved memory is kept then. Locks that stay for
 * `locksMs` do not prevent the start, because VMware itself recognizes stale ones; if it does not start, they are named.
 */
export async function powerOn(
  name: string,
  files: MachineFiles,
  waking: boolean,
  c: RunContext,
  locksMs?: number,
): Promise<void> {
  const locked = (await waitForLocks(files, c.signal, locksMs)).map((lock) => `still locked: ${lock}`);
  const { ok, text } = await vmrun(["start", files.vmx, "nogui"], c, startMs);
  // It may fail after the machine was started, and succeed although the machine ends immediately.
  if (await isRunning(files.vmx, c)) return;
  const log = await logTail(files);
  const known = knownFailure(ok ? log : `${text}\n${log}`);
  if (known)
    throw new VmwareError(
      "VMWARE_START_FAILED",
      { name, ...known },
      { output: [text, ...locked].join("\n") },
    );
  // "Unknown error" says nothing; the log does.
  const output = [text, ...log.split("\n").slice(-12), ...locked].filter((line) => line !== "").join("\n");
  throw new LocalkubeError(
    waking ? "DRIVER_RESUME_FAILED" : "DRIVER_START_FAILED",
    { driver: "vmware", name },
    { output },
  );
}

/** A guest whose Tools are not running yet refuses immediately: it is asked again. */
const askAgainMs = 2000;

/** Asks the guest to shut down until `graceMs` has passed, then cuts the power. Stopped, saved and absent machines are left alone. */
export async function stopMachine(name: string, c: RunContext & { readonly graceMs: number }): Promise<void> {
  const found = await look(name, c);
  if (["absent", "stopped", "saved"].includes(found.state)) return;
  saneMachine(name, found);
  const files = machineFiles(c.host, name);
  const deadline = performance.now() + c.graceMs;
  for (;;) {
    const left = deadline - performance.now();
    if (left <= 0) break;
    // It returns when the guest is off, or with a failure that says little: the list is the truth.
    await vmrun(["stop", files.vmx, "soft"], c, left).catch(() => c.signal.throwIfAborted());
    if (!(await isRunning(files.vmx, c))) return void (await isOff(files, c, 0));
    await sleep(Math.max(0, Math.min(askAgainMs, deadline - performance.now())), undefined, {
      signal: c.signal,
    });
  }
  if (!(await powerOff(files, c)))
    throw new LocalkubeError(
      "DRIVER_STOP_FAILED",
      { driver: "vmware", name },
      { output: `it runs: ${files.vmx}` },
    );
}

const suspendMs = 300_000;
const suspendedMs = 20_000;

export const suspendOps: SuspendOps = {
  async save({ name }, c) {
    const found = await look(name, c);
    if (found.state === "saved") return;
    saneMachine(name, found);
    if (found.state !== "running") throw failed(name, `it is ${found.state}`);
    const files = machineFiles(c.host, name);
    // Hard: without the Tools' scripts, which take down the guest's network.
    const { text } = await vmrun(["suspend", files.vmx, "hard"], c, suspendMs);
    await isOff(files, c, suspendedMs);
    const { state, said } = await look(name, c);
    if (state !== "saved") throw failed(name, [text, said ?? `it is ${state}`].join("\n").trim());
  },
  discard: ({ name }, c) => discard(name, c),
};

/** Removes the setting first: a machine that names memory which is gone is broken. */
async function discard(name: string, c: RunContext): Promise<void> {
  const { state, vmx } = await look(name, c);
  if (state !== "saved" || !vmx) return;
  const files = machineFiles(c.host, name);
  const memory = valueOf(vmx, savedMemory);
  await editVmx(files.vmx, { [savedMemory]: "", [`${savedMemory}.readOnly`]: undefined });
  // A snapshot's memory belongs to the snapshot.
  if (!memory.endsWith(".vmss")) return;
  for (const file of [memory, memory.replace(/\.vmss$/, ".vmem")])
    await rm(join(files.folder, file), { force: true });
}

const failed = (name: string, output: string): LocalkubeError =>
  new LocalkubeError("DRIVER_SUSPEND_FAILED", { driver: "vmware", name }, { output });

const hardMs = 30_000;
const goneMs = 10_000;

type Context = Pick<RunContext, "host" | "signal">;

/** Cuts the power; false when the machine is still in VMware's list. That list counts more than the answer of `vmrun stop`. */
export async function powerOff(files: MachineFiles, c: Context): Promise<boolean> {
  await vmrun(["stop", files.vmx, "hard"], c, hardMs).catch(() => c.signal.throwIfAborted());
  return isOff(files, c, goneMs);
}

/** Waits until VMware has released the machine: it is in no list, and no file of it is locked. */
async function isOff(files: MachineFiles, c: Context, timeoutMs: number): Promise<boolean> {
  const gone = await waitUntil(async () => !(await isRunning(files.vmx, c)), timeoutMs, c.signal, 500);
  // Stale locks of a killed VMware do not mean that a machine is on; its next start will show.
  if (gone) await waitForLocks(files, c.signal);
  return gone;
}

const clearMs = 120_000;

/** VMware's locks on a machine's files; the .vmx file's own lock stays while a window shows the machine, and blocks nothing. */
async function locks({ folder }: Pick<MachineFiles, "folder">): Promise<readonly string[]> {
  const names = await readdir(folder).catch(() => []);
  return names
    .filter((name) => name.endsWith(".lck") && !name.endsWith(".vmx.lck"))
    .map((name) => join(folder, name));
}

/**
 * VMware keeps writing for a while after a machine is off: anything done before the locks are gone is lost or refused. Resolves with the
 * locks that still exist after `timeoutMs`.
 */
export async function waitForLocks(
  files: Pick<MachineFiles, "folder">,
  signal: AbortSignal,
  timeoutMs = clearMs,
): Promise<readonly string[]> {
  let left: readonly string[] = [];
  await waitUntil(async () => (left = await locks(files)).length === 0, timeoutMs, signal);
  return left;
}

const pollMs = 150;

/** Asks until the answer is true; false after `timeoutMs`. */
export async function waitUntil(
  isSo: () => Promise<boolean>,
  timeoutMs: number,
  signal: AbortSignal,
  everyMs = pollMs,
): Promise<boolean> {
  const look = async () => (await isSo()) || undefined;
  return (await poll(look, { signal, everyMs, limitMs: timeoutMs })) === true;
}
