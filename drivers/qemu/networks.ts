import { createHash } from "node:crypto";
import type { MachineSpec } from "../../src/contract/driver.ts";
import type { HostContext } from "../../src/contract/host.ts";
import { freeNetworks } from "../../src/host/free-networks.ts";
import { networkAddress, parseNetwork } from "../../src/host/network.ts";
import { macAddress } from "../vm/mac-address.ts";
import type { SeedInterface } from "../vm/seed/seed-input.ts";
import type { MachineFile } from "./machine-file.ts";

/** In QEMU's user network the second address is the gateway, the third its name server (QEMU's docs/system/devices/net). */
const [gatewayIndex, nameServerIndex, guestIndex] = [2, 3, 15];
/** Address of the cluster's first machine on its node network. */
const firstNode = 2;

export interface Networks extends Pick<MachineFile, "userNetwork" | "nodeNetwork"> {
  /** The machine's address on the node network, which never changes. */
  readonly address: string;
  readonly interfaces: readonly SeedInterface[];
}

/** The guest's address in QEMU's user network. */
export const guestAddress = (userNetwork: string): string => at(userNetwork, guestIndex);

/**
 * Two networks: QEMU's user network, the machine's own, leads outside; the node network carries the cluster and is the one that the cluster's
 * other machines have. Rejects with DRIVER_NO_FREE_NETWORK.
 */
export async function chooseNetworks(
  { name, network }: Pick<MachineSpec, "name" | "network">,
  others: readonly MachineFile[],
  host: Pick<HostContext, "run">,
): Promise<Networks> {
  const { cluster, index, avoid } = network;
  const sibling = others.find((other) => other.cluster === cluster);
  const used = others.flatMap(({ userNetwork, ref }) => [userNetwork, `${ref.address}/24`]);
  const [userNetwork = "", free = ""] = await freeNetworks(name, 2, [...avoid, ...used], host);
  const nodes = sibling ? `${sibling.ref.address}/24` : free;
  const digest = createHash("sha256").update(`node network localkube-${cluster}`).digest();
  const address = at(nodes, firstNode + index);
  return {
    userNetwork,
    address,
    // Group and port of the administratively scoped block (RFC 2365), derived so that two clusters hardly ever share one.
    nodeNetwork: sibling?.nodeNetwork ?? {
      group: `239.${digest[0]! % 128}.${digest[1]!}.${1 + (digest[2]! % 250)}`,
      port: 30_000 + (digest.readUInt16BE(3) % 2000),
    },
    interfaces: [
      {
        name: "eth0",
        mac: macAddress(name, 0),
        address: `${at(userNetwork, guestIndex)}/24`,
        gateway: at(userNetwork, gatewayIndex),
        dns: [at(userNetwork, nameServerIndex)],
      },
      { name: "eth1", mac: macAddress(name, 1), address: `${address}/24` },
    ],
  };
}

function at(cidr: string, index: number): string {
  const network = parseNetwork(cidr);
  if (!network) throw new Error(`not a network: ${cidr}`);
  return networkAddress(network, index);
}
