import { readdir } from "node:fs/promises";
import type { MachineRef } from "../../src/contract/driver.ts";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { CommandOptions, CommandResult, RunContext } from "../../src/contract/host.ts";
import { type ContainerFacts, refLabel } from "../container/engine.ts";

/** What `podman network inspect` prints about a network; netavark reads the same format. */
interface NetworkFacts {
  readonly name: string;
  readonly network_interface?: string;
  readonly subnets?: readonly { readonly subnet: string }[] | null;
}

interface Link {
  readonly ifindex: number;
  readonly ifname: string;
  readonly link_index?: number;
  readonly addr_info?: readonly { readonly local?: string }[];
}

const namespaces = "/run/netns";
const callMs = 20_000;
/** netavark must not be interrupted either, like podman. */
const settleMs = 20_000;

/**
 * Removes what a podman killed in the middle of a start or a stop left in the kernel for one network: its namespace, bridge and firewall
 * rules, which podman itself no longer knows about. What belongs to the network is identified by its bridge, its subnet and its name; no
 * other network is touched. netavark creates and removes these, whichever firewall it uses: in a namespace of ours it sets the network up
 * completely once more and tears it down. Does nothing where nothing is left. Rejects with HOST_COMMAND_FAILED.
 */
export async function clearNetworkRemains(
  netavark: string,
  facts: unknown,
  container: ContainerFacts | undefined,
  c: RunContext,
): Promise<void> {
  const network = facts as NetworkFacts;
  const [subnet] = network.subnets ?? [];
  const bridge = network.network_interface;
  if (!subnet || bridge === undefined) return;
  const ids = await idsInFirewall(network.name, subnet.subnet, c);
  const ports = await bridgePorts(bridge, c);
  if (ids === undefined && ports === undefined) return;
  c.log(`removing what an interrupted podman left of the network ${network.name}`);
  const prefix = subnet.subnet.replace(/0\/\d+$/, "");
  for (const name of await orphans(ports ?? [], prefix, c)) await ip(["netns", "delete", name], c);
  const own = `localkube-${bridge}`;
  await ip(["netns", "delete", own], c, { allowFailure: true });
  await ip(["netns", "add", own], c);
  try {
    for (const id of new Set([...(ids ?? []), container?.Id ?? "none"])) {
      const stdin = JSON.stringify({
        container_id: id,
        container_name: network.name,
        port_mappings: portMappings(container),
        networks: { [network.name]: { interface_name: "eth0", static_ips: [addressOf(container, prefix)] } },
        network_info: { [network.name]: { ...network, containers: undefined } },
      });
      for (const verb of ["setup", "teardown"])
        await c.host.run([netavark, verb, `${namespaces}/${own}`], {
          signal: c.signal,
          timeoutMs: callMs,
          settleMs,
          stdin,
        });
    }
  } finally {
    await ip(["netns", "delete", own], { ...c, signal: AbortSignal.timeout(callMs) }, { allowFailure: true });
  }
}

/** A machine always has the same address; without its container, the one that the cluster's first machine has. */
function addressOf(container: ContainerFacts | undefined, prefix: string): string {
  const ref = JSON.parse(container?.Config.Labels?.[refLabel] ?? "{}") as Partial<MachineRef>;
  return ref.address ?? `${prefix}2`;
}

const portMappings = (container: ContainerFacts | undefined): readonly object[] =>
  Object.entries(container?.HostConfig?.PortBindings ?? {}).flatMap(([guest, hosts]) =>
    (hosts ?? []).map(({ HostPort }) => ({
      container_port: Number.parseInt(guest),
      host_ip: "127.0.0.1",
      host_port: Number(HostPort),
      protocol: "tcp",
      range: 1,
    })),
  );

/** Ids of the containers that rules of this network exist for; undefined when no rule names the network or its addresses. */
async function idsInFirewall(
  network: string,
  subnet: string,
  c: RunContext,
): Promise<readonly string[] | undefined> {
  const texts = await Promise.all([
    said(["iptables-save", "-t", "nat"], c),
    said(["nft", "list", "table", "inet", "netavark"], c),
  ]);
  const rules = texts.flatMap(({ stdout }) => stdout.split("\n"));
  const named = rules.flatMap((rule) => {
    const [, name, id = ""] = /name: (\S+) id: ([0-9a-f]+)/.exec(rule) ?? [];
    return name === network ? [id] : [];
  });
  if (named.length === 0 && !rules.some((rule) => rule.includes(` ${subnet} `))) return undefined;
  return [...new Set(named)];
}

/** Indices of the interfaces attached to the bridge; undefined when there is no bridge of that name. */
async function bridgePorts(bridge: string, c: RunContext): Promise<readonly number[] | undefined> {
  const { exitCode, stdout } = await said(["ip", "-j", "link", "show", "master", bridge], c);
  if (exitCode !== 0) return undefined;
  return (JSON.parse(stdout || "[]") as Link[]).map(({ ifindex }) => ifindex);
}

/** Podman's namespaces in which an interface with an address of the network is the other end of an interface on its bridge. */
async function orphans(ports: readonly number[], prefix: string, c: RunContext): Promise<readonly string[]> {
  const names = (await readdir(namespaces).catch(() => [])).filter((name) => name.startsWith("netns-"));
  const found: string[] = [];
  for (const name of names) {
    const { exitCode, stdout } = await said(["ip", "-n", name, "-4", "-j", "addr"], c);
    if (exitCode !== 0) continue;
    const links = JSON.parse(stdout || "[]") as Link[];
    const isOurs = links.some(
      ({ link_index, addr_info }) =>
        link_index !== undefined &&
        ports.includes(link_index) &&
        addr_info?.some(({ local }) => local?.startsWith(prefix)),
    );
    if (isOurs) found.push(name);
  }
  return found;
}

const ip = (args: readonly string[], c: RunContext, options: CommandOptions = {}): Promise<CommandResult> =>
  c.host.run(["ip", ...args], { signal: c.signal, timeoutMs: callMs, settleMs, ...options });

/** Runs a read-only command of a program that need not be installed. */
async function said(argv: readonly [string, ...string[]], c: RunContext): Promise<CommandResult> {
  try {
    return await c.host.run(argv, { signal: c.signal, timeoutMs: callMs, allowFailure: true });
  } catch (error) {
    if (!(error instanceof LocalkubeError && error.id === "HOST_COMMAND_NOT_FOUND")) throw error;
    return { exitCode: 127, stdout: "", stderr: "" };
  }
}
