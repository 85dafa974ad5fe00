import { createHash } from "node:crypto";
import {
  formatNetwork,
  type Network,
  networkAddress,
  networksOverlap,
  parseNetwork,
} from "../../src/host/network.ts";
import { VirtualBoxError } from "./errors.ts";

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
