import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import ipaddr from "ipaddr.js";
import type { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { HostContext } from "../../src/contract/host.ts";
import {
  formatNetwork,
  type Network,
  networkAddress,
  networksOverlap,
  parseNetwork,
} from "../../src/host/network.ts";
import { VmwareError } from "./errors.ts";
import { vmwarePath } from "./installation.ts";

/** VMware's NAT network as it is configured on this host. */
interface NatNetwork {
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

const restore =
  "Add or restore the NAT network in VMware's Virtual Network Editor (in Fusion: Settings, Network)";

const unusable = (problem: string, fix = restore): LocalkubeError =>
  new VmwareError("VMWARE_NETWORK_UNUSABLE", { problem, fix });

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

type Host = Pick<HostContext, "env" | "platform">;

interface NetworkFiles {
  readonly nat: string;
  readonly dhcp: string;
  /** ISC's format, then Apple's: with newer Fusion versions macOS assigns the addresses. */
  readonly leases: readonly string[];
}

/** Where VMware keeps the configuration of its NAT network, which is vmnet8 on every host. */
export function networkFiles(host: Host): NetworkFiles {
  const at = (path: string): string => vmwarePath(host, path);
  if (host.platform === "darwin") {
    const folder = at("/Library/Preferences/VMware Fusion/vmnet8");
    return {
      nat: join(folder, "nat.conf"),
      dhcp: join(folder, "dhcpd.conf"),
      leases: [at("/var/db/vmware/vmnet-dhcpd-vmnet8.leases"), at("/var/db/dhcpd_leases")],
    };
  }
  if (host.platform === "win32") {
    const folder = at(join(host.env["ALLUSERSPROFILE"] ?? "C:\\ProgramData", "VMware"));
    return {
      nat: join(folder, "vmnetnat.conf"),
      dhcp: join(folder, "vmnetdhcp.conf"),
      leases: [join(folder, "vmnetdhcp.leases")],
    };
  }
  const folder = at("/etc/vmware/vmnet8");
  return {
    nat: join(folder, "nat", "nat.conf"),
    dhcp: join(folder, "dhcpd", "dhcpd.conf"),
    leases: [join(folder, "dhcpd", "dhcpd.leases")],
  };
}

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

/** VMware accepts static addresses only from 00:50:56:00:00:00 to 00:50:56:3F:FF:FF. The same key always gives the same address. */
export function vmwareMac(key: string): string {
  const [a, b, c] = createHash("sha256").update(`mac ${key}`).digest();
  return ["00", "50", "56", ...[a! % 0x40, b!, c!].map((byte) => byte.toString(16).padStart(2, "0"))].join(
    ":",
  );
}
