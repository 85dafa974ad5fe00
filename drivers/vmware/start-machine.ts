import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { RunContext } from "../../src/contract/host.ts";
import { knownFailure } from "./install/known-failures.ts";
import { waitForLocks } from "./locks.ts";
import { writeMachine } from "./machine-file.ts";
import { type MachineFiles, machineFiles } from "./machine-folder.ts";
import { look, saneMachine } from "./machine-state.ts";
import { logTail } from "./vmware-log.ts";
import { isRunning } from "./running-list.ts";
import { vmrun } from "./vmrun.ts";
import { VmwareError } from "./errors.ts";

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
