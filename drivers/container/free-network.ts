import type { RunContext } from "../../src/contract/host.ts";
import { freeNetworks } from "../../src/host/free-networks.ts";
import { formatNetwork, type Network, parseNetwork } from "../../src/host/network.ts";
import type { Engine } from "./engine.ts";

/** A /24 that overlaps no host route, no network of the engine and none of `avoid`. Rejects with DRIVER_NO_FREE_NETWORK. */
export async function freeNetwork(
  engine: Engine,
  name: string,
  avoid: readonly string[],
  c: RunContext,
): Promise<string> {
  const networks = (await engineNetworks(engine, c)).map(formatNetwork);
  const [network = ""] = await freeNetworks(name, 1, [...networks, ...avoid], c.host);
  return network;
}

/** docker lists the subnets under IPAM, podman under `subnets`. */
interface NetworkFacts {
  readonly IPAM?: { readonly Config?: readonly { readonly Subnet?: string }[] | null };
  readonly subnets?: readonly { readonly subnet?: string }[] | null;
}

async function engineNetworks(engine: Engine, c: RunContext): Promise<readonly Network[]> {
  const options = { signal: c.signal, timeoutMs: 20_000 };
  const list = await engine.run(["network", "ls", "--format", "{{.Name}}"], options);
  const names = list.stdout.split("\n").filter(Boolean);
  if (names.length === 0) return [];
  // One may have been removed since it was listed; the engine then fails but still prints the others.
  const { stdout } = await engine.run(["network", "inspect", ...names], { ...options, allowFailure: true });
  return (JSON.parse(stdout || "[]") as NetworkFacts[])
    .flatMap(({ IPAM, subnets }) => [
      ...(IPAM?.Config ?? []).map(({ Subnet }) => Subnet),
      ...(subnets ?? []).map(({ subnet }) => subnet),
    ])
    .flatMap((cidr) => parseNetwork(cidr ?? "") ?? []);
}
