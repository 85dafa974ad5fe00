import { networkAddress, parseNetwork } from "../../host/network.ts";

/**
 * The block of the pod CIDR that the node of this index (0 = the first) has: a /24 each in order, as the controller manager gives them by
 * default. A pod CIDR of /24 or smaller is one block, for one node. Throws RangeError when the pod CIDR holds no block for the node.
 */
export function nodeBlock(podCidr: string, index = 0): string {
  const network = parseNetwork(podCidr);
  const bits = Number(podCidr.split("/")[1] ?? "16");
  if (!network || index >= (bits >= 24 ? 1 : 2 ** (24 - bits)))
    throw new RangeError(`${podCidr} has no block for node ${index}`);
  return bits >= 24 ? podCidr : `${networkAddress(network, index * 256)}/24`;
}

/** CNI configuration of the built-in network: one bridge on the node, with addresses of the node's block of the pod CIDR. */
export const bridgeNetwork = (subnet: string): object => ({
  cniVersion: "0.4.0",
  name: "localkube",
  plugins: [
    {
      type: "bridge",
      bridge: "cni0",
      isGateway: true,
      isDefaultGateway: true,
      ipMasq: true,
      hairpinMode: true,
      ipam: { type: "host-local", ranges: [[{ subnet }]], dataDir: "/var/lib/cni/networks" },
    },
    { type: "portmap", capabilities: { portMappings: true } },
  ],
});
