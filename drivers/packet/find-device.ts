import type { MachineRef } from "../../src/contract/driver.ts";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { ApiContext } from "./api/connection.ts";
import type { PacketApi } from "./api/packet-api.ts";
import type { Device, ProjectKey } from "./api/shapes.ts";
import { said } from "./device-state.ts";
import { isOf, machineTag } from "./ownership.ts";
import { PacketError } from "./errors.ts";

/** Devices that carry our tags for that machine, except those being deleted. */
export async function ownDevices(
  api: PacketApi,
  { project, home, machine }: OwnerKey,
  c: ApiContext,
): Promise<readonly Device[]> {
  const devices = await api.devices(project, machineTag(machine), c);
  return devices.filter((device) => isOf(device, home, machine) && said(device) !== "deleted");
}

export async function ownKeys(
  api: PacketApi,
  { project, home, machine }: OwnerKey,
  c: ApiContext,
): Promise<readonly ProjectKey[]> {
  return (await api.keys(project, c)).filter((key) => isOf(key, home, machine));
}

/** Where an object of ours is, and which machine it is for. */
export interface OwnerKey {
  readonly project: string;
  /** Id of the state folder. */
  readonly home: string;
  readonly machine: string;
}

/** The one device or none; rejects with PACKET_DEVICES_SEVERAL. */
export function onlyDevice(devices: readonly Device[], machine: string): Device | undefined {
  if (devices.length < 2) return devices[0];
  const ids = devices.map(({ id }) => id).join(", ");
  throw new PacketError("PACKET_DEVICES_SEVERAL", { count: devices.length, name: machine, ids });
}

/**
 * The device of a machine on record; undefined when it is gone. A service may answer 403 for a device that was deleted: then the project's
 * list decides, and only a token that may not read that either gets PACKET_FORBIDDEN.
 */
export async function deviceOf(api: PacketApi, m: MachineRef, c: ApiContext): Promise<Device | undefined> {
  const id = m.id ?? "";
  try {
    return await api.device(id, c);
  } catch (error) {
    if (!(error instanceof LocalkubeError) || error.id !== "PACKET_FORBIDDEN") throw error;
    const devices = await api.devices(m.data["project"] ?? "", machineTag(m.name), c);
    const found = devices.find((device) => device.id === id);
    if (found) throw error;
    return undefined;
  }
}
