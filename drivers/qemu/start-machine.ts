import { setTimeout as sleep } from "node:timers/promises";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { RunContext } from "../../src/contract/host.ts";
import { launchQemu } from "./launch-qemu.ts";
import { writeMachine } from "./machine-file.ts";
import { machinesFolder } from "./machine-folder.ts";
import { look, saneMachine, withQmp } from "./machine-state.ts";
import { wake } from "./suspend.ts";

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
