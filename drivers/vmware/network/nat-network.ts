import { readFile } from "node:fs/promises";
import ipaddr from "ipaddr.js";
import type { LocalkubeError } from "../../../src/contract/errors/localkube-error.ts";
import type { HostContext } from "../../../src/contract/host.ts";
import { formatNetwork, type Network, parseNetwork } from "../../../src/host/network.ts";
import { networkFiles } from "./network-files.ts";
import { VmwareError } from "../errors.ts";

/** VMware's NAT network as it is configured on this host. */
export interface NatNetwork {
  readonly network: Network;
  /** The gateway and the name server: VMware's NAT service is both. */
  readonly gateway: string;
  /** VMware's DHCP range, first and last address; empty when it serves nobody. */
  readonly dhcpRange: readonly [string, string] | undefined;
}

/** Rejects with VMWARE_NETWORK_UNUSABLE. */
export async function natNetwork(host: Pick<HostContext, "env" | "platform">): Promise<NatNetwork> {
  const { nat, dhcp } = networkFiles(host);
  const found = parseNatConf(await text(nat), await readFile(dhcp, "utf8").catch(() => ""));
  if (found) return found;
  throw unusable(`${nat} names no network`);
}

async function text(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw unusable(`${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? "error"})`);
  }
}

const unusable = (problem: string): LocalkubeError =>
  new VmwareError("VMWARE_NETWORK_UNUSABLE", {
    problem,
    fix: "Add or restore the NAT network in VMware's Virtual Network Editor (in Fusion: Settings, Network)",
  });

/**
 * Parses `ip = 192.168.118.2/24` (Windows), or `ip` and `netmask` (Linux, macOS), in nat.conf's [host]; and the range of dhcpd.conf's subnet.
 */
export function parseNatConf(nat: string, dhcp: string): NatNetwork | undefined {
  const [host = ""] = nat
    .replaceAll("\r\n", "\n")
    .split(/^\[/m)
    .filter((section) => section.startsWith("host]"));
  const setting = (name: string): string | undefined =>
    new RegExp(`^\\s*${name}\\s*=\\s*(\\S+)`, "m").exec(host)?.[1];
  const [gateway = "", prefix = prefixOf(setting("netmask") ?? "255.255.255.0")] = (
    setting("ip") ?? ""
  ).split("/");
  const network = parseNetwork(`${gateway}/${prefix}`);
  return network && { network, gateway, dhcpRange: rangeIn(dhcp, network) };
}

const prefixOf = (mask: string): number =>
  ipaddr.IPv4.isValid(mask) ? (ipaddr.IPv4.parse(mask).prefixLengthFromSubnetMask() ?? -1) : -1;

/** On Windows one file contains the subnets of all networks. */
function rangeIn(dhcp: string, network: Network): readonly [string, string] | undefined {
  const subnets = dhcp.matchAll(/^\s*subnet\s+(\S+)\s+netmask\s+(\S+)\s*\{([^}]*)\}/gm);
  for (const [, address = "", mask = "", body = ""] of subnets) {
    const subnet = parseNetwork(`${address}/${prefixOf(mask)}`);
    if (!subnet || formatNetwork(subnet) !== formatNetwork(network)) continue;
    const [, first, last] = /^\s*range\s+([\d.]+)\s+([\d.]+)\s*;/m.exec(body) ?? [];
    return first && last ? [first, last] : undefined;
  }
  return undefined;
}
