import ipaddr from "ipaddr.js";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import { formatNetwork, networksOverlap, parseNetwork, type Network } from "../../host/network.ts";

interface Range {
  readonly flag: "service-cidr" | "pod-cidr";
  readonly example: string;
  /** Shortest prefix Kubernetes accepts. */
  readonly largest: number;
  /** Longest prefix that still has enough addresses. */
  readonly smallest: number;
}

/** kube-apiserver refuses more than 20 bits of Services; cluster DNS uses the tenth address. */
export const serviceRange = {
  flag: "service-cidr",
  example: "10.96.0.0/12",
  largest: 12,
  smallest: 28,
} as const satisfies Range;
/** Each node gets a /24 of it, and the controller manager supports at most 16 bits of nodes. */
export const podRange = {
  flag: "pod-cidr",
  example: "10.244.0.0/16",
  largest: 8,
  smallest: 24,
} as const satisfies Range;

/** An example that overlaps neither the other default nor the usual home and office networks. */
export const otherExample = { "service-cidr": "172.30.0.0/16", "pod-cidr": "172.29.0.0/16" } as const;

/** The network of Services in canonical form. Throws CIDR_INVALID or CIDR_SIZE. */
export const parseServiceCidr = (text: string): string => parseRange(text, serviceRange);

/** The network of Pods in canonical form. Throws CIDR_INVALID or CIDR_SIZE. */
export const parsePodCidr = (text: string): string => parseRange(text, podRange);

/** Throws CIDR_OVERLAP. */
export function refuseOverlap(serviceCidr: string, podCidr: string): void {
  const [service, pod] = [parseNetwork(serviceCidr), parseNetwork(podCidr)];
  if (service && pod && networksOverlap(service, pod))
    throw new LocalkubeError("CIDR_OVERLAP", { serviceCidr, podCidr });
}

function parseRange(text: string, { flag, example, largest, smallest }: Range): string {
  const value = text.trim();
  const network = parseNetwork(value);
  const problem = network ? problemOf(value, network) : notCidr(value);
  if (problem !== undefined || network === undefined)
    throw new LocalkubeError("CIDR_INVALID", { flag, value, example, problem: problem ?? "" });
  const { prefix } = network;
  if (prefix < largest || prefix > smallest)
    throw new LocalkubeError("CIDR_SIZE", { flag, value, prefix, largest, smallest, example });
  return formatNetwork(network);
}

function notCidr(value: string): string {
  if (ipaddr.IPv6.isValidCIDR(value)) return "IPv6 networks are not supported";
  if (ipaddr.IPv4.isValidFourPartDecimal(value)) return "the length of the prefix is missing";
  return "it is not a network in CIDR form";
}

function problemOf(value: string, network: Network): string | undefined {
  const formatted = formatNetwork(network);
  if (formatted !== value) return `the network of that address is ${formatted}`;
  const kind = ipaddr.IPv4.parse(network.address).range();
  const unusable = ["unspecified", "broadcast", "multicast", "linkLocal", "loopback"];
  return unusable.includes(kind) ? `it is a ${kind} range` : undefined;
}
