import { createHash } from "node:crypto";
import type { MachineSpec } from "../../src/contract/driver.ts";
import type { RunContext } from "../../src/contract/host.ts";
import { freeNetworks } from "../../src/host/free-networks.ts";
import { hostRoutes, networkAddress, parseNetwork } from "../../src/host/network.ts";
import { macAddress } from "../vm/mac-address.ts";
import type { SeedInterface } from "../vm/seed/seed-input.ts";
import { freeHostNetwork } from "./free-host-network.ts";
import { interfaceNetworks } from "./host-interfaces.ts";
import { hostOnlyKind, hostOnlyOps } from "./host-only.ts";
import type { MachinePlan } from "./machine-file.ts";
import { allowedRanges } from "./networks-conf.ts";
import type { Version } from "./version.ts";

/** In VirtualBox' NAT the second address is the gateway, the third its name server, the fifteenth the first guest (manual, "NAT"). */
const [gatewayIndex, nameServerIndex, guestIndex] = [2, 3, 15];
/** Below are the addresses of the host and, on macOS, those that VirtualBox' own DHCP server assigns. */
const [firstMachine, machines] = [10, 240];

export type Networks = Pick<MachinePlan, "address" | "userNetwork" | "hostOnly">;

/**
 * Networks of a new machine, not created yet: a NAT network of its own, and an address on the host-only network of this state folder's
 * machines, or on a new one (its name is empty). Rejects with DRIVER_NO_FREE_NETWORK or VIRTUALBOX_NO_FREE_NETWORK.
 */
export async function chooseNetworks(
  { name, network }: Pick<MachineSpec, "name" | "network">,
  others: readonly MachinePlan[],
  version: Version,
  c: RunContext,
): Promise<Networks> {
  const kind = hostOnlyKind(c.host, version);
  const used = await hostOnlyOps[kind].taken(c);
  const ofOthers = others.flatMap(({ userNetwork, hostOnly }) => [userNetwork, hostOnly.cidr]);
  const avoid = [...network.avoid, ...used, ...ofOthers];
  const [userNetwork = ""] = await freeNetworks(name, 1, avoid, c.host);
  const shared = others.find(({ hostOnly }) => hostOnly.kind === kind && hostOnly.name !== "")?.hostOnly;
  if (shared) return { userNetwork, hostOnly: shared, address: freeAddress(name, shared.cidr, others) };
  const taken = [
    ...(await hostRoutes(c.host)),
    ...interfaceNetworks(),
    ...avoid.flatMap((cidr) => parseNetwork(cidr) ?? []),
  ];
  const cidr = freeHostNetwork(name, await allowedRanges(c.host, version), taken);
  return { userNetwork, hostOnly: { kind, name: "", cidr }, address: freeAddress(name, cidr, others) };
}

/** Derived from the name, so that two machines created at the same moment hardly ever get the same one. */
function freeAddress(name: string, cidr: string, others: readonly MachinePlan[]): string {
  const start = createHash("sha256").update(`address ${name}`).digest()[0]!;
  const taken = new Set(others.map(({ address }) => address));
  const candidates = Array.from({ length: machines }, (_, i) =>
    at(cidr, firstMachine + ((start + i) % machines)),
  );
  return candidates.find((address) => !taken.has(address)) ?? at(cidr, firstMachine);
}

/** The guest's address in VirtualBox' NAT network. */
export const guestAddress = (userNetwork: string): string => at(userNetwork, guestIndex);

/** The seed's configuration of the guest's two network interfaces. */
export const guestInterfaces = (
  name: string,
  { userNetwork, address }: Pick<Networks, "userNetwork" | "address">,
): readonly SeedInterface[] => [
  {
    name: "eth0",
    mac: macAddress(name, 0),
    address: `${guestAddress(userNetwork)}/24`,
    gateway: at(userNetwork, gatewayIndex),
    dns: [at(userNetwork, nameServerIndex)],
  },
  { name: "eth1", mac: macAddress(name, 1), address: `${address}/24` },
];

function at(cidr: string, index: number): string {
  const network = parseNetwork(cidr);
  if (!network) throw new Error(`not a network: ${cidr}`);
  return networkAddress(network, index);
}
