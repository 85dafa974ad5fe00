import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { RunContext } from "../../src/contract/host.ts";
import { look, type Look, saneMachine } from "./machine-state.ts";
import { vboxmanage, wordsFrom } from "./vboxmanage.ts";
import { waitForState } from "./wait-for-state.ts";

/** A guest that is still booting ignores the power button: it is pressed again. */
const pressAgainMs = 5000;
const powerOffMs = 30_000;
const callMs = 30_000;

/** Presses the power button until `graceMs` has passed, then cuts the power. Stopped, saved and absent machines are left alone. */
export async function stopMachine(name: string, c: RunContext & { readonly graceMs: number }): Promise<void> {
  const found = await look(name, c);
  if (isOff(found)) return;
  const { id } = saneMachine(name, found);
  const deadline = performance.now() + c.graceMs;
  // It may end between our check and our call: a failed call proves nothing, only the next check does.
  const tell = (verb: string): Promise<string> =>
    vboxmanage(c.host, ["controlvm", id, verb], { signal: c.signal, timeoutMs: callMs }).catch(
      (error: unknown) => {
        c.signal.throwIfAborted();
        return wordsFrom(error);
      },
    );
  // A frozen guest does not notice the button.
  if (found.state === "paused" && c.graceMs > 0) await tell("resume");
  for (;;) {
    const left = deadline - performance.now();
    if (left <= 0) break;
    await tell("acpipowerbutton");
    if (isOff(await waitForState(name, isOff, Math.min(left, pressAgainMs), c))) return;
  }
  const said = await tell("poweroff");
  const last = await waitForState(name, isOff, powerOffMs, c);
  if (isOff(last)) return;
  const output = [`VirtualBox says it is ${last.said ?? last.state}`, said.trim()].filter(Boolean).join("\n");
  throw new LocalkubeError("DRIVER_STOP_FAILED", { driver: "virtualbox", name }, { output });
}

const isOff = ({ state }: Look): boolean => state === "absent" || state === "stopped" || state === "saved";
