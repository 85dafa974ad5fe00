import { createHash } from "node:crypto";
import { addressIn } from "../../src/host/network.ts";
import type { SeedInterface } from "./seed.ts";

/**
 * The network that leads outside is the machine's own. QEMU's (docs/system/devices/net) and VirtualBox' (manual, "NAT") are the same: the
 * second address is the gateway, the third its name server, the fifteenth the first guest.
 */
const [gateway, nameServer, guest] = [2, 3, 15];

/** Always the same address for the same machine and interface: locally administered, with QEMU's usual prefix 52:54:00. */
export function macAddress(machine: string, index: number): string {
  const [a, b, c] = createHash("sha256").update(`${machine}/${index}`).digest();
  return ["52", "54", "00", ...[a!, b!, c!].map((byte) => byte.toString(16).padStart(2, "0"))].join(":");
}

/** The guest's address in its own network (CIDR). */
export const guestAddress = (userNetwork: string): string => addressIn(userNetwork, guest);

/** The seed's configuration of the guest's two interfaces: its own network, and the one with the address that others reach it at. */
export const guestInterfaces = (
  machine: string,
  { userNetwork, address }: { readonly userNetwork: string; readonly address: string },
): readonly SeedInterface[] => [
  {
    name: "eth0",
    mac: macAddress(machine, 0),
    address: `${guestAddress(userNetwork)}/24`,
    gateway: addressIn(userNetwork, gateway),
    dns: [addressIn(userNetwork, nameServer)],
  },
  { name: "eth1", mac: macAddress(machine, 1), address: `${address}/24` },
];
