import { createHash } from "node:crypto";
import type { HostContext } from "../../src/contract/host.ts";
import { freeNetworks } from "../../src/host/free-networks.ts";
import { networkAddress, parseNetwork } from "../../src/host/network.ts";
import { macAddress } from "../vm/mac-address.ts";
import type { SeedInterface } from "../vm/seed/seed-input.ts";
import type { MachineFile } from "./machine-file.ts";

/** In QEMU's user network the second address is the gateway, the third its name server (QEMU's docs/system/devices/net). */
const [gatewayIndex, nameServerIndex, guestIndex] = [2, 3, 15];
const nodeIndex = 2;

export interface Networks extends Pick<MachineFile, "userNetwork" | "nodeNetwork"> {
  /** The machine's address on the node network, which never changes. */
  readonly address: string;
  readonly interfaces: readonly SeedInterface[];
}

/** The guest's address in QEMU's user network. */
export const guestAddress = (userNetwork: string): string => at(userNetwork, guestIndex);

/** Two networks of the machine's own: QEMU's user network leads outside, the node network carries the cluster. */
export async function chooseNetworks(
  name: string,
  avoid: readonly string[],
  host: Pick<HostContext, "run">,
): Promise<Networks> {
  const [userNetwork = "", nodes = ""] = await freeNetworks(name, 2, avoid, host);
  const digest = createHash("sha256").update(`node network ${name}`).digest();
  const address = at(nodes, nodeIndex);
  return {
    userNetwork,
    address,
    // Group and port of the administratively scoped block (RFC 2365), derived so that two clusters hardly ever share one.
    nodeNetwork: {
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
