import { readFile } from "node:fs/promises";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { RunContext } from "../../src/contract/host.ts";
import { isPortFree } from "../../src/host/choose-ports.ts";
import { hostOnlyOps } from "./host-only.ts";
import { explained } from "./known-failures.ts";
import { hostOnlyArguments } from "./machine-arguments.ts";
import { type MachineFile, writeMachine } from "./machine-file.ts";
import { machineFiles } from "./machine-folder.ts";
import { lastLines, look, type Look, saneMachine } from "./machine-state.ts";
import { waitForState } from "./wait-for-state.ts";
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
