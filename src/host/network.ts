import { readFile } from "node:fs/promises";
import ipaddr from "ipaddr.js";
import type { HostContext } from "../contract/host.ts";

/** An IPv4 network; `address` is its first address. */
export interface Network {
  readonly address: string;
  readonly prefix: number;
}

export interface HostRoute extends Network {
  readonly device: string;
}

/** Parses `10.96.0.0/12`. Undefined when it is not IPv4 in CIDR form; bits after the prefix are cleared. */
export function parseNetwork(text: string): Network | undefined {
  if (!/^\d+\.\d+\.\d+\.\d+\/\d+$/.test(text) || !ipaddr.IPv4.isValidCIDR(text)) return undefined;
  const [, prefix] = ipaddr.IPv4.parseCIDR(text);
  return { address: ipaddr.IPv4.networkAddressFromCIDR(text).toString(), prefix };
}

export const formatNetwork = ({ address, prefix }: Network): string => `${address}/${prefix}`;

export function networksOverlap(a: Network, b: Network): boolean {
  const prefix = Math.min(a.prefix, b.prefix);
  return ipaddr.IPv4.parse(a.address).match(ipaddr.IPv4.parse(b.address), prefix);
}

/** Whether every address of `inner` is one of `outer`, both IPv4 in CIDR form; false when one of them is not. */
export function containsNetwork(outer: string, inner: string): boolean {
  const [all, some] = [parseNetwork(outer), parseNetwork(inner)];
  return all !== undefined && some !== undefined && some.prefix >= all.prefix && networksOverlap(all, some);
}

/** The n-th address of a network, 0 being the network's own; the first of a service CIDR is the Service `kubernetes`. */
export function networkAddress(network: Network, n: number): string {
  const start = ipaddr.IPv4.parse(network.address).toByteArray();
  const value = start.reduce((sum, byte) => sum * 256 + byte, 0) + n;
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join(".");
}

/** The same for a network in CIDR form that we chose ourselves. Throws a plain Error when it is none: a bug. */
export function addressIn(cidr: string, n: number): string {
  const network = parseNetwork(cidr);
  if (!network) throw new Error(`not a network: ${cidr}`);
  return networkAddress(network, n);
}

/**
 * IPv4 networks the host reaches by a route other than its default route, from all routing tables (VPNs use their own). Half-world routes
 * (prefix below 8) count as default routes. Empty on systems without `ip` and /proc.
 */
export async function hostRoutes(host: Pick<HostContext, "run">): Promise<readonly HostRoute[]> {
  const routes = (await routesFromIp(host)) ?? (await routesFromProc());
  return routes.filter(({ prefix, device }) => prefix >= 8 && device !== "lo");
}

async function routesFromIp(host: Pick<HostContext, "run">): Promise<HostRoute[] | undefined> {
  try {
    const argv = ["ip", "-4", "-j", "route", "show", "table", "all"] as const;
    return parseIpRoutes((await host.run([...argv], { timeoutMs: 5000 })).stdout);
  } catch {
    return undefined; // not installed, or a version without JSON: /proc has the main table
  }
}

/** Parses the output of `ip -j route show table all`. */
export function parseIpRoutes(json: string): HostRoute[] {
  const entries = JSON.parse(json) as { type?: string; dst?: string; dev?: string }[];
  return entries.flatMap(({ type = "unicast", dst = "", dev = "" }) => {
    const network = parseNetwork(dst.includes("/") ? dst : `${dst}/32`);
    return type === "unicast" && network ? [{ ...network, device: dev }] : [];
  });
}

const routesFromProc = async () => parseProcRoutes(await readFile("/proc/net/route", "utf8").catch(() => ""));

/** Parses /proc/net/route, whose addresses are hexadecimal in the machine's byte order (little-endian on all supported architectures). */
export function parseProcRoutes(text: string): HostRoute[] {
  const lines = text.trim().split("\n").slice(1);
  return lines.flatMap((line) => {
    const [device = "", destination = "", , , , , , mask = ""] = line.split(/\s+/);
    const prefix = bytesOf(mask).reduce((sum, byte) => sum + byte.toString(2).replaceAll("0", "").length, 0);
    const network = parseNetwork(`${bytesOf(destination).join(".")}/${prefix}`);
    return network ? [{ ...network, device }] : [];
  });
}

function bytesOf(hexadecimal: string): number[] {
  return [6, 4, 2, 0].map((at) => Number.parseInt(hexadecimal.slice(at, at + 2), 16));
}
