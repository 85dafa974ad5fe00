import type { MachineState } from "../../src/contract/driver.ts";
import type { Device } from "./api/shapes.ts";

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
