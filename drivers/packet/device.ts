import { createHash } from "node:crypto";
import type { MachineRef, MachineSpec, MachineState } from "../../src/contract/driver.ts";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { ApiContext } from "./api/connection.ts";
import type { PacketApi } from "./api/packet-api.ts";
import type { Device, ProjectKey } from "./api/shapes.ts";
import { PacketError } from "./errors.ts";
import type { PacketSettings } from "./settings.ts";

/** Every state in the API documentation. */
const states: Readonly<Record<string, MachineState>> = {
  queued: "starting",
  provisioning: "starting",
  reinstalling: "starting",
  powering_on: "starting",
  active: "running",
  powering_off: "stopping",
  deprovisioning: "stopping",
  inactive: "stopped",
  deleted: "absent",
  failed: "broken",
};

/** Never ran, so it holds no data. */
const fresh = ["queued", "provisioning", "failed"];

export const said = ({ state }: Device): string => state ?? "without a state";

export const machineStateOf = (device: Device | undefined): MachineState =>
  device === undefined ? "absent" : (states[said(device)] ?? "unknown");

export const neverRan = (device: Device): boolean => fresh.includes(said(device));

/** Where SSH answers: the device's public IPv4 address. */
export const publicAddress = (device: Device): string | undefined =>
  device.ip_addresses?.find(({ public: open, address_family: family }) => open && family === 4)?.address ??
  undefined;

const everybodys = "localkube";
const homePrefix = "localkube-home-";
const machinePrefix = "localkube-machine-";
const specPrefix = "localkube-spec-";

interface Tagged {
  readonly tags?: readonly string[] | null | undefined;
}

/** Tags of a device or key: its owner and its machine. */
export const ownerTags = (home: string, machine: string): readonly string[] => [
  everybodys,
  homeTag(home),
  machineTag(machine),
];

export const homeTag = (home: string): string => `${homePrefix}${home}`;
const machineTag = (machine: string): string => `${machinePrefix}${machine}`;
export const specTag = (spec: MachineSpec, settings: PacketSettings): string =>
  `${specPrefix}${specHash(spec, settings)}`;

const has = ({ tags }: Tagged, tag: string): boolean => tags?.includes(tag) ?? false;

/** Ours, of this state folder, for that machine. */
const isOf = (tagged: Tagged, home: string, machine: string): boolean =>
  ownerTags(home, machine).every((tag) => has(tagged, tag));

export const isOfHome = (tagged: Tagged, home: string): boolean => has(tagged, homeTag(home));
export const hasSpec = (tagged: Tagged, tag: string): boolean => has(tagged, tag);

export const machineOf = ({ tags }: Tagged): string | undefined =>
  tags?.find((tag) => tag.startsWith(machinePrefix))?.slice(machinePrefix.length);

/** Covers what identifies this server; prices and times may change. */
function specHash({ name, hostname, authorizedKey, hostKey }: MachineSpec, settings: PacketSettings): string {
  const { plan, place, operatingSystem, reservation } = settings;
  const parts = [name, hostname, authorizedKey, hostKey.publicKey, plan, place, operatingSystem, reservation];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 16);
}

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
