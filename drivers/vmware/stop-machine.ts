import { setTimeout as sleep } from "node:timers/promises";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { RunContext } from "../../src/contract/host.ts";
import { machineFiles } from "./machine-folder.ts";
import { look, saneMachine } from "./machine-state.ts";
import { isOff, powerOff } from "./power-off.ts";
import { isRunning } from "./running-list.ts";
import { vmrun } from "./vmrun.ts";

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
