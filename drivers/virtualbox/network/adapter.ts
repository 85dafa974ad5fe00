import { setTimeout as sleep } from "node:timers/promises";
import { LocalkubeError } from "../../../src/contract/errors/localkube-error.ts";
import type { RunContext } from "../../../src/contract/host.ts";
import { addressIn } from "../../../src/host/network.ts";
import { VirtualBoxError } from "../errors.ts";
import { explained } from "../known-failures.ts";
import { parseBlocks } from "../output.ts";
import type { HostOnlyNetwork } from "../machine-file.ts";
import { vboxmanage, wordsFrom } from "../vboxmanage.ts";

/** How a version of VirtualBox provides the network between host and machines. All idempotent. */
export interface HostOnlyOps {
  /** Networks (CIDR) that VirtualBox already has, ours and others': their addresses are taken. */
  taken(c: RunContext): Promise<readonly string[]>;
  /** Creates it and returns its name. Leaves nothing behind when it rejects. */
  make(cidr: string, c: RunContext): Promise<string>;
  /** Restores its address, or recreates it, when it was lost (a reboot, a tool, an upgrade); returns its current name. */
  repair(network: HostOnlyNetwork, c: RunContext): Promise<string>;
  /** Succeeds when it is already gone. */
  remove(network: HostOnlyNetwork, c: RunContext): Promise<void>;
}

const mask = "255.255.255.0";
/** On Windows a driver is installed for each adapter. */
const createMs = 120_000;
const cleanupMs = 60_000;
/** VirtualBox ticket 14040: a newly created adapter is missing from the list for a moment. */
const appears = { tries: 10, triesAfterError: 3, pauseMs: 1000 };

/** `hostonlyif`: adapters `vboxnet0`, … on Linux and Windows, and on macOS before 7.0. */
export const hostOnlyAdapters: HostOnlyOps = {
  async taken(c) {
    return (await adapters(c)).flatMap(({ ip, cidr }) => (ip === "" || ip === "0.0.0.0" ? [] : [cidr]));
  },
  async make(cidr, c) {
    const name = await createVisible(c);
    try {
      c.signal.throwIfAborted();
      await configure(name, cidr, c);
      return name;
    } catch (error) {
      await discard(name, c);
      throw error;
    }
  },
  async repair(network, c) {
    const address = hostAddress(network.cidr);
    const all = await adapters(c);
    const named = all.find(({ name }) => name === network.name);
    if (named?.ip === address) return named.name;
    // By address first: after a reboot of the host another adapter may have our name.
    const same = all.filter(({ ip }) => ip === address);
    if (same.length > 1) throw ambiguous(same, address);
    const ours = same[0] ?? named;
    if (!ours) return hostOnlyAdapters.make(network.cidr, c);
    if (ours.ip === address) return ours.name;
    if (ours.ip !== "" && ours.ip !== "0.0.0.0") return hostOnlyAdapters.make(network.cidr, c);
    await configure(ours.name, network.cidr, c);
    return ours.name;
  },
  async remove({ name, cidr }, c) {
    const address = hostAddress(cidr);
    // The name alone proves nothing: VirtualBox may renumber adapters. A killed `create` has recorded no name yet.
    const ours = (await adapters(c)).filter(({ ip }) => ip === address);
    for (const adapter of ours.length > 1 ? ours.filter((one) => one.name === name) : ours)
      await removeAdapter(adapter.name, c);
  },
};

/** A wrong guess would put the machine on somebody else's adapter, which would then be removed with the machine. */
const ambiguous = (same: readonly Adapter[], address: string): LocalkubeError =>
  new VirtualBoxError("VIRTUALBOX_BLOCKED", {
    action: "tell which host-only adapter is the machine's",
    problem: `${same.map(({ name }) => name).join(" and ")} have the same address ${address}`,
    fix: "Remove the one that no machine uses: VBoxManage hostonlyif remove NAME",
  });

/** An adapter that VirtualBox does not list is removed; the next attempt usually produces a listed one. */
async function createVisible(c: RunContext): Promise<string> {
  const once = async (): Promise<string> => {
    c.signal.throwIfAborted();
    const before = new Set((await adapters(c)).map(({ name }) => name));
    // An abort does not interrupt it: an adapter created meanwhile would be orphaned, because it has no address yet by which it could be
    // found.
    return create(before, { ...c, signal: AbortSignal.timeout(createMs) });
  };
  return once().catch((error: unknown) => {
    if (!(error instanceof LocalkubeError) || error.id !== "VIRTUALBOX_ADAPTER_INVISIBLE") throw error;
    return once();
  });
}

/** Returns the name of the adapter it created. Leaves nothing behind when it rejects. */
async function create(before: ReadonlySet<string>, c: RunContext): Promise<string> {
  let failure: unknown;
  let said = "";
  try {
    said = await vboxmanage(c.host, ["hostonlyif", "create"], { signal: c.signal, timeoutMs: createMs });
  } catch (error) {
    c.signal.throwIfAborted();
    failure = error;
  }
  const named = /^Interface '(.+)' was successfully created/m.exec(said)?.[1];
  // What counts is whether an adapter appeared: VirtualBox reports errors for some it created, and success for some it does not list yet.
  const tries = failure === undefined ? appears.tries : appears.triesAfterError;
  for (let attempt = 0; attempt < tries; attempt++) {
    if (attempt > 0) await sleep(appears.pauseMs, undefined, { signal: c.signal });
    const fresh = (await adapters(c)).filter(({ name }) => !before.has(name)).map(({ name }) => name);
    const name = fresh.find((one) => one === named) ?? (fresh.length === 1 ? fresh[0] : undefined);
    if (name !== undefined) return name;
  }
  if (failure !== undefined) throw explained(failure, "make a host-only adapter", c.host);
  // If an adapter of that name existed before, it is somebody else's.
  if (named !== undefined && !before.has(named)) await discard(named, c);
  throw new VirtualBoxError("VIRTUALBOX_ADAPTER_INVISIBLE", { name: named ?? "without a name" });
}

async function configure(name: string, cidr: string, c: RunContext): Promise<void> {
  const { signal } = c;
  const ip = hostAddress(cidr);
  try {
    await vboxmanage(c.host, ["hostonlyif", "ipconfig", name, "--ip", ip, "--netmask", mask], { signal });
  } catch (error) {
    c.signal.throwIfAborted();
    throw explained(error, `give ${name} the address ${ip}`, c.host);
  }
  // Our machines have static addresses: a DHCP server left over from an adapter of the same name would hand out addresses in use.
  await removeDhcpServer(name, c);
}

/** Cleans up after a failure, which is the error that is reported. */
const discard = (name: string, c: RunContext): Promise<void> =>
  removeAdapter(name, { ...c, signal: AbortSignal.timeout(cleanupMs) }).catch((error: unknown) =>
    c.log(`clean-up of ${name} failed: ${wordsFrom(error)}`),
  );

async function removeAdapter(name: string, c: RunContext): Promise<void> {
  await removeDhcpServer(name, c);
  await vboxmanage(c.host, ["hostonlyif", "remove", name], { signal: c.signal, timeoutMs: createMs });
}

async function removeDhcpServer(adapter: string, c: RunContext): Promise<void> {
  const network = `HostInterfaceNetworking-${adapter}`;
  const list = await vboxmanage(c.host, ["list", "dhcpservers"], { signal: c.signal });
  const known = parseBlocks(list, "NetworkName").some((block) => block.get("NetworkName") === network);
  if (known) await vboxmanage(c.host, ["dhcpserver", "remove", "--netname", network], { signal: c.signal });
}

interface Adapter {
  readonly name: string;
  readonly ip: string;
  readonly cidr: string;
}

async function adapters(c: RunContext): Promise<readonly Adapter[]> {
  return parseAdapters(await vboxmanage(c.host, ["list", "hostonlyifs"], { signal: c.signal }));
}

/** An adapter may be listed twice, and some versions print the mask in reverse byte order (`0f000000`): it is then treated as a /24. */
export const parseAdapters = (output: string): readonly Adapter[] =>
  parseBlocks(output, "Name")
    .map((block) => {
      const ip = block.get("IPAddress") ?? "";
      return { name: block.get("Name") ?? "", ip, cidr: `${ip}/${prefixOf(block.get("NetworkMask") ?? "")}` };
    })
    .filter(({ name }, index, all) => all.findIndex((other) => other.name === name) === index);

function prefixOf(netmask: string): number {
  const bits = netmask
    .split(".")
    .map((byte) => Number(byte).toString(2).padStart(8, "0"))
    .join("");
  const prefix = /^(1+)0*$/.exec(bits)?.[1]?.length;
  return bits.length === 32 && prefix !== undefined ? prefix : 24;
}

/** The host's own address: the first of the network. */
const hostAddress = (cidr: string): string => addressIn(cidr, 1);
