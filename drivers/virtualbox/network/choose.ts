import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import type { MachineSpec } from "../../../src/contract/driver.ts";
import type { HostContext, RunContext } from "../../../src/contract/host.ts";
import { freeNetworks } from "../../../src/host/free-networks.ts";
import {
  addressIn,
  formatNetwork,
  hostRoutes,
  type Network,
  networkAddress,
  networksOverlap,
  parseNetwork,
} from "../../../src/host/network.ts";
import { VirtualBoxError } from "../errors.ts";
import { networksConf } from "../known-failures.ts";
import type { HostOnlyNetwork, MachinePlan } from "../machine-file.ts";
import { atLeast, type Version } from "../installation.ts";
import { hostOnlyAdapters, type HostOnlyOps } from "./adapter.ts";
import { hostOnlyNets } from "./net.ts";

export const hostOnlyOps: Readonly<Record<HostOnlyNetwork["kind"], HostOnlyOps>> = {
  if: hostOnlyAdapters,
  net: hostOnlyNets,
};

/** macOS lost the adapters with 7.0; all other systems have nothing but adapters. */
const hostOnlyKind = (
  { platform }: Pick<HostContext, "platform">,
  version: Version,
): HostOnlyNetwork["kind"] => (platform === "darwin" && atLeast(version, "7.0") ? "net" : "if");

/** Below are the addresses of the host and, on macOS, those that VirtualBox' own DHCP server assigns. */
const [firstMachine, machines] = [10, 240];

type Networks = Pick<MachinePlan, "address" | "userNetwork" | "hostOnly">;

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
    addressIn(cidr, firstMachine + ((start + i) % machines)),
  );
  return candidates.find((address) => !taken.has(address)) ?? addressIn(cidr, firstMachine);
}

/** How many candidates of a huge range are tried. */
const most = 1024;

/**
 * A /24 inside what VirtualBox allows that overlaps none of `taken`; the search starts at a position derived from the name. Pure. Throws
 * VIRTUALBOX_NO_FREE_NETWORK.
 */
export function freeHostNetwork(
  name: string,
  allowed: readonly Network[],
  taken: readonly Network[],
): string {
  const candidates = allowed.flatMap(({ address, prefix }) => {
    const count = prefix > 24 ? 0 : Math.min(2 ** (24 - prefix), most);
    return Array.from({ length: count }, (_, i) =>
      parseNetwork(`${networkAddress({ address, prefix }, i * 256)}/24`),
    ).flatMap((network) => network ?? []);
  });
  const start = createHash("sha256").update(`host-only ${name}`).digest().readUInt16BE(0);
  const free = candidates
    .map((_, i) => candidates[(start + i) % candidates.length]!)
    .find((candidate) => !taken.some((other) => networksOverlap(candidate, other)));
  if (free) return formatNetwork(free);
  throw new VirtualBoxError("VIRTUALBOX_NO_FREE_NETWORK", {
    allowed: allowed.map(formatNetwork).join(", ") || "nothing",
  });
}

const built = "192.168.56.0/21";

/**
 * IPv4 ranges VirtualBox accepts for host-only networks: 192.168.56.0/21, or what networks.conf lists instead. Older versions and Windows
 * accept any; we use the same range there.
 */
export async function allowedRanges(
  { platform }: Pick<HostContext, "platform">,
  version: Version,
  file: string = networksConf,
): Promise<readonly Network[]> {
  const restricted = platform !== "win32" && atLeast(version, "6.1.28");
  const text = restricted ? await readFile(file, "utf8").catch(() => undefined) : undefined;
  return text === undefined ? [parseNetwork(built)!] : parseNetworksConf(text);
}

/** Parses lines of the form `* 10.0.0.0/8 192.168.0.0/16 fe80::/10`; comments begin with #. IPv6 is skipped. */
export const parseNetworksConf = (text: string): readonly Network[] =>
  text
    .split(/\r?\n/)
    .filter((line) => line.trim().startsWith("*"))
    .flatMap((line) =>
      line
        .trim()
        .slice(1)
        .split(/[\s,]+/),
    )
    .flatMap((cidr) => parseNetwork(cidr) ?? []);

/** IPv4 networks of this host's own interfaces, on every platform (the routing table is read only on Linux). */
const interfaceNetworks = (): readonly Network[] =>
  Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .flatMap(({ family, internal, cidr }) =>
      family === "IPv4" && !internal && cidr !== null ? (parseNetwork(cidr) ?? []) : [],
    );
