import { createHash } from "node:crypto";
import { LocalkubeError } from "../contract/errors/localkube-error.ts";
import type { HostContext } from "../contract/host.ts";
import { formatNetwork, hostRoutes, type Network, networksOverlap, parseNetwork } from "./network.ts";

/** /24 networks we choose from: 192.168.64.0 … 192.168.191.0, outside the ranges that home routers and VPNs usually use. */
const first = 64;
const count = 128;

/**
 * The given number of /24 networks that overlap no host route and none of `avoid` (CIDRs). The search starts at a position derived from
 * the name, so that a recreated cluster usually gets its old addresses. Rejects with DRIVER_NO_FREE_NETWORK.
 */
export async function freeNetworks(
  name: string,
  wanted: number,
  avoid: readonly string[],
  host: Pick<HostContext, "run">,
): Promise<readonly string[]> {
  const taken = [...(await hostRoutes(host)), ...avoid.flatMap((cidr) => parseNetwork(cidr) ?? [])];
  const start = createHash("sha256").update(name).digest().readUInt16BE(0) % count;
  const candidates = Array.from({ length: count }, (_, i): Network => {
    return { address: `192.168.${first + ((start + i) % count)}.0`, prefix: 24 };
  });
  const free = candidates.filter((candidate) => !taken.some((other) => networksOverlap(candidate, other)));
  if (free.length < wanted) throw new LocalkubeError("DRIVER_NO_FREE_NETWORK", { name });
  return free.slice(0, wanted).map(formatNetwork);
}
