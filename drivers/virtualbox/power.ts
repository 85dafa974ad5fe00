import { readFile } from "node:fs/promises";
import type { SuspendOps } from "../../src/contract/driver.ts";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { RunContext } from "../../src/contract/host.ts";
import { isPortFree } from "../../src/host/choose-ports.ts";
import { explained } from "./known-failures.ts";
import { hostOnlyArguments } from "./machine-arguments.ts";
import { type MachineFile, machineFiles, writeMachine } from "./machine-file.ts";
import { lastLines, look, type Look, saneMachine, waitForState } from "./machine-state.ts";
import { hostOnlyOps } from "./network/choose.ts";
import { vboxmanage, wordsFrom } from "./vboxmanage.ts";

/** VirtualBox loads saved memory before it reports that the machine runs. */
const startMs = 300_000;
const settleMs = 60_000;

/** Powers on, wakes or continues the machine; a running one is left alone. Errors as in the contract, and VIRTUALBOX_BLOCKED. */
export async function startMachine(name: string, c: RunContext): Promise<void> {
  // It may be just ending or waking up, which passes.
  const found = await waitForState(
    name,
    ({ state }) => !["starting", "stopping"].includes(state),
    settleMs,
    c,
  );
  const machine = saneMachine(name, found);
  if (found.state === "running" || found.state === "starting") return;
  if (found.state === "stopping")
    throw new LocalkubeError(
      "DRIVER_START_FAILED",
      { driver: "virtualbox", name },
      { output: found.said ?? "" },
    );
  if (found.state === "paused")
    return void (await vboxmanage(c.host, ["controlvm", machine.id, "resume"], { signal: c.signal }));
  await repairHostOnly(machine, found, c);
  await powerOn(machine, found, c);
}

/**
 * The adapter may have been removed, renumbered, or lost its address since the machine last ran. A saved machine keeps the network cards it
 * was suspended with.
 */
async function repairHostOnly(machine: MachineFile, { state }: Look, c: RunContext): Promise<void> {
  const { hostOnly, id } = machine;
  const adapter = await hostOnlyOps[hostOnly.kind].repair(hostOnly, c);
  if (adapter === hostOnly.name) return;
  const repaired = { ...hostOnly, name: adapter };
  if (state !== "saved")
    await vboxmanage(c.host, ["modifyvm", id, ...hostOnlyArguments(repaired)], { signal: c.signal });
  await writeMachine(c.host, { ...machine, hostOnly: repaired });
}

async function powerOn(machine: MachineFile, { state }: Look, c: RunContext): Promise<void> {
  const { name, ports } = machine.ref;
  for (const port of Object.values(ports))
    if (!(await isPortFree(port)))
      throw new LocalkubeError("DRIVER_PORT_TAKEN", { driver: "virtualbox", name, port });
  if (!machine.ran) {
    const now = await reread(machine, c);
    await writeMachine(c.host, { ...now, ran: true });
  }
  try {
    await vboxmanage(c.host, ["startvm", machine.id, "--type", "headless"], {
      signal: c.signal,
      timeoutMs: startMs,
    });
  } catch (error) {
    c.signal.throwIfAborted();
    throw await failure(name, state, error, c);
  }
}

/** `repairHostOnly` may have written it. */
const reread = async (machine: MachineFile, c: RunContext): Promise<MachineFile> =>
  (await look(machine.ref.name, c)).machine ?? machine;

async function failure(name: string, state: Look["state"], error: unknown, c: RunContext): Promise<Error> {
  const { log } = machineFiles(c.host, name);
  // When a start fails, VirtualBox' message mostly says only that it failed; the reason is in its log.
  const known = explained(
    error,
    `start the machine ${name}`,
    c.host,
    await readFile(log, "utf8").catch(() => ""),
  );
  if (!(known instanceof LocalkubeError) || !known.id.startsWith("HOST_COMMAND_")) return known;
  const tail = await lastLines(log);
  const output = [wordsFrom(error), ...(tail ? [`Last lines of ${log}:\n${tail}`] : [])].join("\n");
  const id = state === "saved" ? "DRIVER_RESUME_FAILED" : "DRIVER_START_FAILED";
  return new LocalkubeError(id, { driver: "virtualbox", name }, { cause: error, output });
}

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

const saveMs = 300_000;
const afterSaveMs = 30_000;

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
    const { state, said = state } = await waitForState(name, (now) => now.state === "saved", afterSaveMs, c);
    if (state !== "saved") throw failed(`VirtualBox says it is ${said}`);
  },
  async discard({ name }, c) {
    const { state, machine } = await look(name, c);
    if (state !== "saved" || !machine) return;
    await vboxmanage(c.host, ["discardstate", machine.id], { signal: c.signal });
  },
};
