import type { MachineRef, MachineSpec } from "../../src/contract/driver.ts";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { RunContext } from "../../src/contract/host.ts";
import { type Engine, type EngineDialect, ownerLabel } from "./engine.ts";
import { inspectContainer } from "./machine-state.ts";
import { clearNetwork, namedNetworks, networkName, networkOf, networkOfContainer } from "./network.ts";
import { letOrphansEnd } from "./orphans.ts";
import { ourContainers } from "./our-containers.ts";
import { type Kind, ours } from "./ownership.ts";
import { thawPods } from "./thaw-pods.ts";

const removal = (kind: Kind, dialect: EngineDialect): readonly string[] =>
  kind === "container"
    ? ["rm", "--force", "--volumes", ...dialect.killOptions]
    : kind === "volume"
      ? ["volume", "rm", "--force"]
      : ["network", "rm"];

/** Volume that holds the machine's /var: overlayfs cannot be stacked on overlayfs, and data outlives a stopped container. */
export const volumeName = (machine: string): string => `${machine}-var`;

/**
 * The same for a machine on record: an object of that name that belongs to another state folder took the name after ours was gone, and is
 * left alone.
 */
export async function removeRecorded(engine: Engine, machine: MachineRef, c: RunContext): Promise<void> {
  const { name } = machine;
  await letOrphansEnd(engine, [name, volumeName(name), networkOf(machine)], c);
  await remove(engine, await presentObjects(engine, name, networkOf(machine), c, true), name, c);
}

/**
 * Removes container and volume of that name, and the network of its cluster if no other machine is on it, after checking that all of them
 * carry our label; then checks again. Succeeds when nothing existed; rejects with DRIVER_NAME_TAKEN, before anything is touched, when one
 * belongs to somebody else, and with DRIVER_LEFTOVERS for what could not be removed.
 */
export async function removeEverything(engine: Engine, machine: string, c: RunContext): Promise<void> {
  await letOrphansEnd(engine, [machine, volumeName(machine)], c);
  const container = await inspectContainer(engine, machine, c);
  // A machine without a container was never complete; the network that has its name is the one of a cluster's first machine.
  const network = (container && networkOfContainer(container)) || machine;
  await remove(engine, await presentObjects(engine, machine, network, c, false), machine, c);
}

/**
 * Removes what a killed `create` left of the machine, so that it can be created: not the network, which another machine of the cluster may
 * have created just now. Rejects like `removeEverything`.
 */
export async function removeUnfinished(
  engine: Engine,
  { name, network }: MachineSpec,
  c: RunContext,
): Promise<void> {
  const present = await presentObjects(engine, name, networkName(network.cluster), c, false);
  await remove(
    engine,
    present.filter(([kind]) => kind !== "network"),
    name,
    c,
  );
}

type Named = readonly [Kind, string];

/** What there is of the machine, checked to be ours; its network only when no other machine is on it. */
async function presentObjects(
  engine: Engine,
  machine: string,
  network: string,
  c: RunContext,
  passOverOthers: boolean,
): Promise<readonly Named[]> {
  const present: Named[] = [];
  const named = (await namedNetworks(engine, network, c)).map((name) => ["network", name] as const);
  const owner = { container: machine, volume: machine, network };
  for (const [kind, name] of [...objectsOf(machine), ...named]) {
    try {
      if (await ours(engine, kind, name, owner[kind], c)) present.push([kind, name]);
    } catch (error) {
      const isOthers = error instanceof LocalkubeError && error.id === "DRIVER_OTHER_HOME";
      if (!passOverOthers || !isOthers) throw error;
      c.log(`left alone: ${error.message}`);
    }
  }
  if (!present.some(([kind]) => kind === "network")) return present;
  const isShared = (await ourContainers(engine, c)).some(
    (other) => other.Config.Labels?.[ownerLabel] !== machine && networkOfContainer(other) === network,
  );
  return isShared ? present.filter(([kind]) => kind !== "network") : present;
}

async function remove(
  engine: Engine,
  present: readonly Named[],
  machine: string,
  c: RunContext,
): Promise<void> {
  const leftovers: string[] = [];
  const container = await inspectContainer(engine, machine, c);
  for (const [kind, name] of present) {
    if (kind === "network") await clearNetwork(engine, name, container, c);
    if (kind === "container") await thawPods(engine, name, c);
    const removed = await engine.change([...removal(kind, engine.dialect), name], {
      signal: c.signal,
      timeoutMs: 60_000,
      allowFailure: true,
    });
    if (await engine.inspect(kind, name, { signal: c.signal }))
      leftovers.push(`${kind} ${name}: ${removed.stderr.trim()}`);
  }
  if (leftovers.length) {
    const params = { driver: engine.dialect.program, name: machine };
    throw new LocalkubeError("DRIVER_LEFTOVERS", params, { output: leftovers.join("\n") });
  }
}

const objectsOf = (machine: string): readonly Named[] => [
  ["container", machine],
  ["volume", volumeName(machine)],
];
