import type { RunContext } from "../../src/contract/host.ts";
import type { MachineFiles } from "./machine-folder.ts";
import { waitForLocks } from "./locks.ts";
import { isRunning } from "./running-list.ts";
import { vmrun } from "./vmrun.ts";
import { waitUntil } from "./wait-until.ts";

const hardMs = 30_000;
const goneMs = 10_000;

type Context = Pick<RunContext, "host" | "signal">;

/** Cuts the power; false when the machine is still in VMware's list. That list counts more than the answer of `vmrun stop`. */
export async function powerOff(files: MachineFiles, c: Context): Promise<boolean> {
  await vmrun(["stop", files.vmx, "hard"], c, hardMs).catch(() => c.signal.throwIfAborted());
  return isOff(files, c, goneMs);
}

/** Waits until VMware has released the machine: it is in no list, and no file of it is locked. */
export async function isOff(files: MachineFiles, c: Context, timeoutMs: number): Promise<boolean> {
  const gone = await waitUntil(async () => !(await isRunning(files.vmx, c)), timeoutMs, c.signal, 500);
  // Stale locks of a killed VMware do not mean that a machine is on; its next start will show.
  if (gone) await waitForLocks(files, c.signal);
  return gone;
}
