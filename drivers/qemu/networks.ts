import { createHash } from "node:crypto";
import type { MachineSpec } from "../../src/contract/driver.ts";
import type { HostContext } from "../../src/contract/host.ts";
import { freeNetworks } from "../../src/host/free-networks.ts";
import { addressIn } from "../../src/host/network.ts";
import { guestInterfaces } from "../vm/guest-network.ts";
import type { SeedInterface } from "../vm/seed.ts";
import type { MachineFile } from "./machine-file.ts";

/** Address of the cluster's first machine on its node network. */
const firstNode = 2;

export interface Networks extends Pick<MachineFile, "userNetwork" | "nodeNetwork"> {
  /** The machine's address on the node network, which never changes. */
  readonly address: string;
  readonly interfaces: readonly SeedInterface[];
}

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
  const address = addressIn(nodes, firstNode + index);
  return {
    userNetwork,
    address,
    // Group and port of the administratively scoped block (RFC 2365), derived so that two clusters hardly ever share one.
    nodeNetwork: sibling?.nodeNetwork ?? {
      group: `239.${digest[0]! % 128}.${digest[1]!}.${1 + (digest[2]! % 250)}`,
      port: 30_000 + (digest.readUInt16BE(3) % 2000),
    },
    interfaces: guestInterfaces(name, { userNetwork, address }),
  };
}
