import type { SuspendOps } from "../../src/contract/driver.ts";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import { look, saneMachine } from "./machine-state.ts";
import { vboxmanage, wordsFrom } from "./vboxmanage.ts";
import { waitForState } from "./wait-for-state.ts";

const saveMs = 300_000;
const settleMs = 30_000;

/** VirtualBox' saved state: memory and devices in a file of the machine's folder. */
export const suspendOps: SuspendOps = {
  async save({ name }, c) {
    const found = await look(name, c);
    if (found.state === "saved") return;
    const { id } = saneMachine(name, found);
    const failed = (output: string, cause?: unknown): LocalkubeError =>
      new LocalkubeError("DRIVER_SUSPEND_FAILED", { driver: "virtualbox", name }, { cause, output });
    if (found.state !== "running" && found.state !== "paused") throw failed(`it is ${found.state}`);
    try {
      await vboxmanage(c.host, ["controlvm", id, "savestate"], { signal: c.signal, timeoutMs: saveMs });
    } catch (error) {
      c.signal.throwIfAborted();
      // A failed save leaves the machine paused.
      if (found.state === "running")
        await vboxmanage(c.host, ["controlvm", id, "resume"], { signal: c.signal }).catch(() => undefined);
      throw failed(wordsFrom(error), error);
    }
    const { state, said = state } = await waitForState(name, (now) => now.state === "saved", settleMs, c);
    if (state !== "saved") throw failed(`VirtualBox says it is ${said}`);
  },
  async discard({ name }, c) {
    const { state, machine } = await look(name, c);
    if (state !== "saved" || !machine) return;
    await vboxmanage(c.host, ["discardstate", machine.id], { signal: c.signal });
  },
};
