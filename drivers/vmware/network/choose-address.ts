import { createHash } from "node:crypto";
import ipaddr from "ipaddr.js";
import type { LocalkubeError } from "../../../src/contract/errors/localkube-error.ts";
import { formatNetwork, networkAddress, networksOverlap, parseNetwork } from "../../../src/host/network.ts";
import type { NatNetwork } from "./nat-network.ts";
import { VmwareError } from "../errors.ts";

/** The addresses of the network itself, the host and VMware's NAT service, unless configured elsewhere. */
const firstIndex = 3;

/**
 * A static address of the NAT network: outside VMware's DHCP range, and none of `taken`. The search starts at a position derived from `key`,
 * so that machines of other state folders hardly ever collide. Throws VMWARE_NETWORK_UNUSABLE.
 */
export function chooseAddress(
  key: string,
  nat: NatNetwork,
  taken: readonly string[],
  avoid: readonly string[],
): string {
  const { network, gateway, dhcpRange } = nat;
  const cidr = formatNetwork(network);
  const met = avoid.find((other) => {
    const parsed = parseNetwork(other);
    return parsed && networksOverlap(parsed, network);
  });
  if (met)
    throw unusable(
      `it is ${cidr}, which the cluster's ${met} overlaps`,
      "Choose another with --pod-cidr or --service-cidr",
    );
  const [low, high] = dhcpRange?.map(numberOf) ?? [Infinity, -Infinity];
  // The last address is the broadcast.
  const count = 2 ** (32 - network.prefix) - 1 - firstIndex;
  const start = createHash("sha256").update(key).digest().readUInt32BE(0) % Math.max(count, 1);
  for (let i = 0; i < count; i++) {
    const address = networkAddress(network, firstIndex + ((start + i) % count));
    const number = numberOf(address);
    if (address !== gateway && !taken.includes(address) && (number < low! || number > high!)) return address;
  }
  throw unusable(
    `${cidr} has no address left beside those of its DHCP server`,
    "Make the DHCP range smaller in VMware's Virtual Network Editor",
  );
}

const numberOf = (address: string): number =>
  ipaddr.IPv4.parse(address)
    .toByteArray()
    .reduce((sum, byte) => sum * 256 + byte, 0);

const unusable = (problem: string, fix: string): LocalkubeError =>
  new VmwareError("VMWARE_NETWORK_UNUSABLE", { problem, fix });
