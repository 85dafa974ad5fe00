import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { RunContext } from "../../src/contract/host.ts";
import { machineFiles } from "./machine-folder.ts";
import { look, saneMachine, withQmp } from "./machine-state.ts";
import { qemuProcess, waitForExit } from "./qemu-process.ts";

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
