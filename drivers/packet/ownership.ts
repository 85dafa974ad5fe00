import { createHash } from "node:crypto";
import type { MachineSpec } from "../../src/contract/driver.ts";
import type { PacketSettings } from "./settings.ts";

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
export const machineTag = (machine: string): string => `${machinePrefix}${machine}`;
export const specTag = (spec: MachineSpec, settings: PacketSettings): string =>
  `${specPrefix}${specHash(spec, settings)}`;

const has = ({ tags }: Tagged, tag: string): boolean => tags?.includes(tag) ?? false;

/** Ours, of this state folder, for that machine. */
export const isOf = (tagged: Tagged, home: string, machine: string): boolean =>
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
