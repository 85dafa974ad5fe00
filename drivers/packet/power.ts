import type { MachineRef } from "../../src/contract/driver.ts";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { ApiContext } from "./api/connection.ts";
import type { PacketApi } from "./api/packet-api.ts";
import { deviceOf, machineStateOf, said } from "./device.ts";
import { waitForDevice } from "./wait-for-device.ts";

/** Powers on and waits for it; a running machine is left alone. Errors as in the contract. */
export async function startMachine(api: PacketApi, m: MachineRef, c: ApiContext): Promise<void> {
  const { name } = m;
  const state = await saneState(api, m, c);
  const wanted = { id: m.id ?? "", name };
  const { powerMs, provisionMs } = api.pacing;
  if (state === "running") return;
  try {
    if (state === "stopping") await waitForDevice(api, wanted, ["stopped"], powerMs, c);
    if (state !== "starting") await api.act(wanted.id, "power_on", c);
    await waitForDevice(api, wanted, ["running"], state === "starting" ? provisionMs : powerMs, c);
  } catch (error) {
    throw asked("DRIVER_START_FAILED", name, error);
  }
}

/** Cuts the power and waits for it. A stopped or absent machine is left alone. Rejects with DRIVER_STOP_FAILED. */
export async function powerOff(api: PacketApi, m: MachineRef, c: ApiContext): Promise<void> {
  const device = await deviceOf(api, m, c);
  const state = machineStateOf(device);
  if (!device || state === "stopped" || state === "absent") return;
  refuse(m.name, state, said(device));
  const wanted = { id: device.id, name: m.name };
  try {
    if (state !== "stopping") await api.act(device.id, "power_off", c);
    await waitForDevice(api, wanted, ["stopped"], api.pacing.powerMs, c);
  } catch (error) {
    throw asked("DRIVER_STOP_FAILED", m.name, error);
  }
}

/** Rejects with DRIVER_MACHINE_ABSENT or DRIVER_MACHINE_BROKEN. */
async function saneState(api: PacketApi, m: MachineRef, c: ApiContext) {
  const device = await deviceOf(api, m, c);
  const state = machineStateOf(device);
  if (!device || state === "absent")
    throw new LocalkubeError("DRIVER_MACHINE_ABSENT", { driver: "packet", name: m.name });
  refuse(m.name, state, said(device));
  return state;
}

function refuse(name: string, state: string, output: string): void {
  if (state === "broken" || state === "unknown")
    throw new LocalkubeError("DRIVER_MACHINE_BROKEN", { driver: "packet", name, state }, { output });
}

/** A refusal by the service, and a device that does not reach the state, become the driver's failure; all other errors explain themselves. */
function asked(id: "DRIVER_START_FAILED" | "DRIVER_STOP_FAILED", name: string, error: unknown): unknown {
  const ours = ["PACKET_REFUSED", "PACKET_DEVICE_LATE", "PACKET_DEVICE_FAILED"];
  if (!(error instanceof LocalkubeError) || !ours.includes(error.id)) return error;
  const output = [error.message, error.output].filter(Boolean).join("\n");
  return new LocalkubeError(id, { driver: "packet", name }, { cause: error, output });
}
