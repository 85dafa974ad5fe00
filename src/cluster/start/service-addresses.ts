import ipaddr from "ipaddr.js";
import type { ClusterRecord } from "../../state/cluster-record.ts";

/** The two addresses of a service network that are fixed by convention: the first is the API's, the tenth is DNS's. IPv4. */
export function serviceAddresses(serviceCidr: string): ClusterRecord["addresses"] {
  const network = ipaddr.IPv4.networkAddressFromCIDR(serviceCidr).toByteArray();
  const base = network.reduce((sum, octet) => sum * 256 + octet, 0);
  const at = (offset: number): string => {
    const value = base + offset;
    return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join(".");
  };
  return { kubernetesService: at(1), clusterDns: at(10) };
}
