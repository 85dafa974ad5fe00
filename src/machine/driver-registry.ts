import type { DriverDefinition, Probe } from "../contract/driver.ts";
import { LocalkubeError } from "../contract/errors/localkube-error.ts";
import type { HostContext } from "../contract/host.ts";
import type { ConnectSsh } from "../contract/transport.ts";
import { choosePorts } from "../host/choose-ports.ts";
import { findProgram } from "../host/find-program.ts";
import { freeNetworks } from "../host/free-networks.ts";
import { builtInNotes } from "./driver-options.ts";
import { installedDrivers, loadInstalled } from "./installed-drivers.ts";

/** Drivers by name; each is loaded on demand. Their order is the one in which `auto` tries equal drivers. */
const loaders: Readonly<Record<string, () => Promise<{ default: DriverDefinition }>>> = {
  qemu: () => import("../../drivers/qemu/index.ts"),
  virtualbox: () => import("../../drivers/virtualbox/index.ts"),
  vmware: () => import("../../drivers/vmware/index.ts"),
  podman: () => import("../../drivers/podman/index.ts"),
  docker: () => import("../../drivers/docker/index.ts"),
  packet: () => import("../../drivers/packet/index.ts"),
  // A driver that talks to its machine gets our transport, and one that gives hosts back what runtimes leave there: drivers import neither.
  ssh: async () => {
    const [ssh, { runtimes }] = await Promise.all([
      import("../../drivers/ssh/index.ts"),
      import("../runtimes/registry.ts"),
    ]);
    return { default: ssh.default(connectSsh, runtimes) };
  },
};

const connectSsh: ConnectSsh = async (endpoint, options) =>
  (await import("./ssh/transport.ts")).connect(endpoint, options);

/** The drivers that are part of localkube. */
export const builtInNames: readonly string[] = Object.keys(loaders);

/** Those from npm too. */
export const driverNames: readonly string[] = [
  ...new Set([...builtInNames, ...installedDrivers().map(({ name }) => name)]),
];

/** The names as choices of a flag. */
export const driverChoices = driverNames.map((name) => {
  const note = builtInNotes[name];
  return note === undefined ? name : { name, note };
});

/**
 * The code of a driver from npm is loaded here and nowhere else, so only when somebody names the driver, or its cluster. Rejects with
 * DRIVER_NOT_INSTALLED (what users ask for is checked before, so the name is from a record), DRIVER_PACKAGE_BROKEN, DRIVER_PACKAGE_VERSION or
 * DRIVER_PACKAGE_UNSAFE.
 */
export async function loadDriver(name: string): Promise<DriverDefinition> {
  const load = loaders[name];
  if (load) return (await load()).default;
  const installed = installedDrivers().find((driver) => driver.name === name);
  if (!installed) throw new LocalkubeError("DRIVER_NOT_INSTALLED", { driver: name });
  return loadInstalled(installed, { connectSsh, choosePorts, freeNetworks, findProgram });
}

export interface Probed {
  readonly definition: DriverDefinition;
  readonly probe: Probe;
}

export interface DriverChoice extends Probed {
  /** One sentence: why this one, and why not the others. */
  readonly reason: string;
}

/** Virtual machines first, then containers. */
const ranks: Readonly<Record<DriverDefinition["priority"], number>> = {
  preferred: 0,
  default: 1,
  fallback: 2,
  named: 4,
};
/** An emulated machine is ten times slower than a container. */
const emulatedRank = 3;

const rank = ({ definition, probe }: Probed): number =>
  probe.emulated === undefined
    ? ranks[definition.priority]
    : Math.max(ranks[definition.priority], emulatedRank);

/**
 * The driver of that name, or for `auto` the first that works here; when none does, the first that is only missing packages which
 * could be installed. All probes run in parallel (each ends within 5 s). Rejects like `loadDriver`, with DRIVER_UNUSABLE or with
 * DRIVER_NONE_USABLE.
 */
export async function chooseDriver(name: string, host: HostContext): Promise<DriverChoice> {
  if (name !== "auto") {
    const definition = await loadDriver(name);
    const probe = await definition.probe(host);
    if (probe.usable || probe.packages)
      return { definition, probe, reason: `driver ${name}: asked for${slowness(probe)}` };
    throw new LocalkubeError("DRIVER_UNUSABLE", {
      driver: name,
      problem: probe.problem ?? "",
      fix: probe.fix ?? "",
    });
  }
  return bestDriver(await probeDrivers(host));
}

/** What `auto` chooses from drivers sorted best first. Pure. Throws DRIVER_NONE_USABLE. */
export function bestDriver(probed: readonly Probed[]): DriverChoice {
  const candidates = probed.filter(({ definition }) => definition.priority !== "named");
  const chosen =
    candidates.find(({ probe }) => probe.usable) ?? candidates.find(({ probe }) => probe.packages);
  const others = candidates
    .filter(
      (candidate) =>
        candidate !== chosen && (!candidate.probe.usable || candidate.probe.emulated !== undefined),
    )
    .map(
      ({ definition, probe }) => `${definition.name}: ${probe.problem ?? `would be slow, ${probe.emulated}`}`,
    );
  if (!chosen) {
    const fix = candidates[0]?.probe.fix ?? "Run localkube doctor";
    throw new LocalkubeError("DRIVER_NONE_USABLE", { problems: others.join("; "), fix });
  }
  const state = chosen.probe.usable
    ? `${chosen.definition.name} ${chosen.probe.version ?? ""} works here`
    : `${chosen.definition.name} can be installed`;
  return {
    ...chosen,
    reason: [`driver ${chosen.definition.name}: ${state.trim()}${slowness(chosen.probe)}`, ...others].join(
      "; ",
    ),
  };
}

const slowness = ({ emulated }: Probe): string =>
  emulated === undefined ? "" : ` (slow, for it emulates the processor: ${emulated})`;

/** Every built-in driver with its probe's answer, best first. */
export async function probeDrivers(host: HostContext): Promise<readonly Probed[]> {
  const definitions = await Promise.all(builtInNames.map(loadDriver));
  const probed = await Promise.all(
    definitions.map(async (definition) => ({ definition, probe: await definition.probe(host) })),
  );
  return bestFirst(probed);
}

/** Stable: equal drivers stay in the registry's order. */
export const bestFirst = (probed: readonly Probed[]): readonly Probed[] =>
  probed.toSorted((a, b) => rank(a) - rank(b));
