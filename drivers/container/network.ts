import { randomBytes } from "node:crypto";
import type { MachineRef, MachineSpec } from "../../src/contract/driver.ts";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { RunContext } from "../../src/contract/host.ts";
import { freeNetworks } from "../../src/host/free-networks.ts";
import { addressIn, formatNetwork, parseNetwork } from "../../src/host/network.ts";
import { type ContainerFacts, type Engine, ownerLabel, refLabel } from "./engine.ts";
import { ours, ownerOptions } from "./ownership.ts";

const attempts = 5;
/** podman: "subnet 192.168.64.0/24 is already used on the host or by another config"; docker: "Pool overlaps with other one …". */
const taken = /already (?:being )?used|overlap/i;
/** Address of the cluster's first machine; the engine itself has the one before it. */
const firstNode = 2;

/** A network as we found or created it. */
export interface ClusterNetwork {
  readonly name: string;
  /** CIDR, a /24. */
  readonly subnet: string;
}

/** Name of a cluster's network, and the value of the owner label on it: what its first machine is called too. */
export const networkName = (cluster: string): string => `localkube-${cluster}`;

/** The machine's address on its cluster's network. */
export const nodeAddress = (subnet: string, index: number): string => addressIn(subnet, firstNode + index);

/**
 * `networkName` of the network that a machine is on, from its reference. Until machines of a cluster shared a network, each one's network
 * had the machine's name.
 */
export const networkOf = ({ name, data }: Partial<Pick<MachineRef, "name" | "data">>): string =>
  data?.["cluster"] === undefined ? (name ?? "") : networkName(data["cluster"]);

/** The same, from the container. */
export const networkOfContainer = (container: ContainerFacts): string =>
  networkOf(JSON.parse(container.Config.Labels?.[refLabel] ?? "{}") as Partial<MachineRef>);

/**
 * Creates the cluster's bridge network on a free /24, unless one of its other machines has created it. If another localkube takes the subnet
 * first, the next one is tried. Rejects with DRIVER_CREATE_FAILED, DRIVER_NO_FREE_NETWORK, DRIVER_NAME_TAKEN or DRIVER_OTHER_HOME.
 */
export async function createNetwork(
  engine: Engine,
  { name: machine, network }: MachineSpec,
  c: RunContext,
): Promise<ClusterNetwork> {
  const { dialect } = engine;
  const name = networkName(network.cluster);
  const lost: string[] = [];
  for (;;) {
    const [found] = await networksOf(engine, name, c);
    const existing = found === undefined ? undefined : await subnetOf(engine, found, c);
    if (found !== undefined && existing !== undefined) return { name: found, subnet: existing };
    const subnet = await freeNetwork(engine, machine, [...network.avoid, ...lost], c);
    const args = ["--subnet", subnet, ...ownerOptions(name, c.host), ...dialect.networkOptions];
    const { exitCode, stderr } = await engine.change(["network", "create", ...args, name], {
      signal: c.signal,
      timeoutMs: 60_000,
      allowFailure: true,
    });
    if (exitCode === 0) return { name, subnet };
    lost.push(subnet);
    if (!taken.test(stderr) || lost.length === attempts) {
      const params = { driver: dialect.program, name: machine };
      throw new LocalkubeError("DRIVER_CREATE_FAILED", params, { output: stderr.trim() });
    }
  }
}

/**
 * Recreates the network of a machine that is not running, on the same subnet: the engine may consider the machine's address allocated (by an
 * interrupted start). podman records that under the network's name, even after the network is removed, until the host reboots; so the new
 * network gets another name. The cluster's other machines move to it too, so none of them may run. We may be killed after any step: the next
 * start then finds a machine without its network and comes here again. Rejects with HOST_COMMAND_FAILED.
 */
export async function renewNetwork(
  engine: Engine,
  machine: MachineRef,
  containers: readonly ContainerFacts[],
  c: RunContext,
): Promise<void> {
  const change = (...args: string[]) => engine.change(["network", ...args], { signal: c.signal });
  const owner = networkOf(machine);
  for (const network of await networksOf(engine, owner, c)) {
    for (const container of containers)
      if (isConnected(container, network)) await change("disconnect", network, container.Id);
    await clearNetwork(engine, network, containers[0], c);
    await change("rm", network);
  }
  const network = `${owner}-${randomBytes(3).toString("hex")}`;
  const options = [...ownerOptions(owner, c.host), ...engine.dialect.networkOptions];
  await change("create", "--subnet", machine.data["network"] ?? "", ...options, network);
  for (const { Id, Config } of containers) {
    const { address = machine.address } = JSON.parse(
      Config.Labels?.[refLabel] ?? "{}",
    ) as Partial<MachineRef>;
    await change("connect", "--ip", address, network, Id);
  }
}

export const isConnected = (container: ContainerFacts | undefined, network: string): boolean =>
  container?.NetworkSettings?.Networks?.[network] !== undefined;

/** Names of the existing networks of that owner: the one it was created with, or the one that replaced it. Rejects like `ours`. */
export async function networksOf(engine: Engine, owner: string, c: RunContext): Promise<readonly string[]> {
  const found: string[] = [];
  for (const name of await namedNetworks(engine, owner, c))
    if (await ours(engine, "network", name, owner, c)) found.push(name);
  return found;
}

/** Networks that have the name or carry our label with it, whoever owns them; the name itself also when there is no such network. */
export async function namedNetworks(
  engine: Engine,
  owner: string,
  c: RunContext,
): Promise<readonly string[]> {
  const args = ["network", "ls", "--filter", `label=${ownerLabel}=${owner}`, "--format", "{{.Name}}"];
  const { stdout } = await engine.run(args, { signal: c.signal, timeoutMs: 20_000 });
  return [...new Set([owner, ...stdout.split("\n").filter(Boolean)])];
}

/** What an interrupted start or stop left in the kernel; once the network is gone, nobody can tell whose it is. */
export async function clearNetwork(
  engine: Engine,
  name: string,
  container: ContainerFacts | undefined,
  c: RunContext,
): Promise<void> {
  const { clearNetwork: clear } = engine.dialect;
  if (!clear) return;
  const facts = await engine.inspect("network", name, { signal: c.signal, timeoutMs: 20_000 });
  if (facts !== undefined) await clear(facts, container, c);
}

/** docker lists the subnets under IPAM, podman under `subnets`. */
interface NetworkFacts {
  readonly IPAM?: { readonly Config?: readonly { readonly Subnet?: string }[] | null };
  readonly subnets?: readonly { readonly subnet?: string }[] | null;
}

const subnetsOf = ({ IPAM, subnets }: NetworkFacts): readonly string[] =>
  [
    ...(IPAM?.Config ?? []).map(({ Subnet }) => Subnet),
    ...(subnets ?? []).map(({ subnet }) => subnet),
  ].flatMap((cidr) => cidr ?? []);

async function subnetOf(engine: Engine, name: string, c: RunContext): Promise<string | undefined> {
  const facts = await engine.inspect("network", name, { signal: c.signal, timeoutMs: 20_000 });
  return facts === undefined ? undefined : subnetsOf(facts as NetworkFacts)[0];
}

/** A /24 that overlaps no host route, no network of the engine and none of `avoid`. */
async function freeNetwork(
  engine: Engine,
  name: string,
  avoid: readonly string[],
  c: RunContext,
): Promise<string> {
  const options = { signal: c.signal, timeoutMs: 20_000 };
  const list = await engine.run(["network", "ls", "--format", "{{.Name}}"], options);
  const names = list.stdout.split("\n").filter(Boolean);
  // One may have been removed since it was listed; the engine then fails but still prints the others.
  const all =
    names.length === 0
      ? "[]"
      : (await engine.run(["network", "inspect", ...names], { ...options, allowFailure: true })).stdout;
  const used = (JSON.parse(all || "[]") as NetworkFacts[])
    .flatMap(subnetsOf)
    .flatMap((cidr) => parseNetwork(cidr) ?? [])
    .map(formatNetwork);
  const [network = ""] = await freeNetworks(name, 1, [...used, ...avoid], c.host);
  return network;
}
