import { createHash } from "node:crypto";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { RunContext } from "../../src/contract/host.ts";
import { hostRoutes, type Network, networksOverlap, parseNetwork } from "../../src/host/network.ts";
import type { Engine } from "./engine.ts";

/** /24 networks we choose from: 192.168.64.0 … 192.168.191.0, away from where home routers and VPNs usually sit. */
const first = 64;
const count = 128;

/**
 * A /24 that no host route, no network of the engine and none of `avoid` overlaps. The search starts at a place derived from
 * the name, so that a cluster made again mostly gets its old address. Rejects with DRIVER_NO_FREE_NETWORK.
 */
export async function freeNetwork(
  engine: Engine,
  name: string,
  avoid: readonly string[],
  c: RunContext,
): Promise<string> {
  const [routes, networks] = await Promise.all([hostRoutes(c.host), engineNetworks(engine, c)]);
  const taken = [...routes, ...networks, ...avoid.flatMap((cidr) => parseNetwork(cidr) ?? [])];
  const start = createHash("sha256").update(name).digest().readUInt16BE(0) % count;
  for (let i = 0; i < count; i++) {
    const candidate: Network = { address: `192.168.${first + ((start + i) % count)}.0`, prefix: 24 };
    if (!taken.some((other) => networksOverlap(candidate, other))) return `${candidate.address}/24`;
  }
  throw new LocalkubeError("DRIVER_NO_FREE_NETWORK", { driver: engine.dialect.program, name });
}

/** docker has the subnets under IPAM, podman under `subnets`. */
interface NetworkFacts {
  readonly IPAM?: { readonly Config?: readonly { readonly Subnet?: string }[] | null };
  readonly subnets?: readonly { readonly subnet?: string }[] | null;
}

async function engineNetworks(engine: Engine, c: RunContext): Promise<readonly Network[]> {
  const options = { signal: c.signal, timeoutMs: 20_000 };
  const list = await engine.run(["network", "ls", "--format", "{{.Name}}"], options);
  const names = list.stdout.split("\n").filter(Boolean);
  if (names.length === 0) return [];
  // One may have been removed since the list was made; the engine then fails but still prints the others.
  const { stdout } = await engine.run(["network", "inspect", ...names], { ...options, allowFailure: true });
  return (JSON.parse(stdout || "[]") as NetworkFacts[])
    .flatMap(({ IPAM, subnets }) => [
      ...(IPAM?.Config ?? []).map(({ Subnet }) => Subnet),
      ...(subnets ?? []).map(({ subnet }) => subnet),
    ])
    .flatMap((cidr) => parseNetwork(cidr ?? "") ?? []);
}
