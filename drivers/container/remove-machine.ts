import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { RunContext } from "../../src/contract/host.ts";
import { type ContainerFacts, type Engine, type EngineDialect, ownerLabel } from "./engine.ts";
import { inspectContainer } from "./machine-state.ts";
import { noteAbout, otherHome } from "./ownership.ts";
import { thawPods } from "./thaw-pods.ts";

type Kind = "container" | "volume" | "network";

const removal = (kind: Kind, dialect: EngineDialect): readonly string[] =>
  kind === "container"
    ? ["rm", "--force", "--volumes", ...dialect.killOptions]
    : kind === "volume"
      ? ["volume", "rm", "--force"]
      : ["network", "rm"];

/** Volume that holds the machine's /var: overlayfs cannot be stacked on overlayfs, and data outlives a stopped container. */
export const volumeName = (machine: string): string => `${machine}-var`;
export const networkName = (machine: string): string => machine;

/**
 * The same for a machine on record: an object of that name that belongs to another state folder took the name after ours was gone, and is
 * left alone.
 */
export async function removeRecorded(engine: Engine, machine: string, c: RunContext): Promise<void> {
  await remove(engine, await presentObjects(engine, machine, c, true), machine, c);
}

/**
 * Removes container, volume and network of that name, after checking that all of them carry our label for this machine; then checks again.
 * Succeeds when nothing existed; rejects with DRIVER_NAME_TAKEN, before anything is touched, when one belongs to somebody else, and with
 * DRIVER_LEFTOVERS for what could not be removed.
 */
export async function removeEverything(engine: Engine, machine: string, c: RunContext): Promise<void> {
  await remove(engine, await presentObjects(engine, machine, c, false), machine, c);
}

type Named = readonly [Kind, string];

async function presentObjects(
  engine: Engine,
  machine: string,
  c: RunContext,
  passOverOthers: boolean,
): Promise<readonly Named[]> {
  const present: Named[] = [];
  for (const [kind, name] of [...objectsOf(machine), ...(await namedNetworks(engine, machine, c))]) {
    try {
      if (await ours(engine, kind, name, machine, c)) present.push([kind, name]);
    } catch (error) {
      const isOthers = error instanceof LocalkubeError && error.id === "DRIVER_OTHER_HOME";
      if (!passOverOthers || !isOthers) throw error;
      c.log(`left alone: ${error.message}`);
    }
  }
  return present;
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

const objectsOf = (machine: string): readonly Named[] => [
  ["container", machine],
  ["volume", volumeName(machine)],
];

/** Names of the existing networks of this machine: the one it was created with, or the one that replaced it. Rejects like `ours`. */
export async function networksOf(engine: Engine, machine: string, c: RunContext): Promise<readonly string[]> {
  const found: string[] = [];
  for (const [kind, name] of await namedNetworks(engine, machine, c))
    if (await ours(engine, kind, name, machine, c)) found.push(name);
  return found;
}

/** Networks that have the machine's name or carry our label with it, whoever owns them. */
async function namedNetworks(engine: Engine, machine: string, c: RunContext): Promise<readonly Named[]> {
  const args = ["network", "ls", "--filter", `label=${ownerLabel}=${machine}`, "--format", "{{.Name}}"];
  const { stdout } = await engine.run(args, { signal: c.signal, timeoutMs: 20_000 });
  const names = new Set([networkName(machine), ...stdout.split("\n").filter(Boolean)]);
  return [...names].map((name) => ["network", name] as const);
}

/** Whether the object exists and is ours; rejects with DRIVER_NAME_TAKEN or DRIVER_OTHER_HOME when it is somebody else's. */
export async function ours(
  engine: Engine,
  kind: Kind,
  name: string,
  machine: string,
  c: RunContext,
): Promise<boolean> {
  const facts = (await engine.inspect(kind, name, { signal: c.signal, timeoutMs: 20_000 })) as
    Labelled | undefined;
  if (!facts) return false;
  const labels = labelsOf(facts);
  const other = otherHome(labels, c.host);
  if (other !== undefined)
    throw new LocalkubeError("DRIVER_OTHER_HOME", { kind, name, home: other, note: noteAbout(other) });
  if (labels[ownerLabel] === machine) return true;
  throw new LocalkubeError("DRIVER_NAME_TAKEN", { driver: engine.dialect.program, kind, name });
}

/** A container has its labels in Config, a volume at the top level; podman spells a network's keys in lower case. */
interface Labelled {
  readonly Config?: { readonly Labels?: Readonly<Record<string, string>> | null };
  readonly Labels?: Readonly<Record<string, string>> | null;
  readonly labels?: Readonly<Record<string, string>> | null;
}

const labelsOf = (facts: Labelled): Readonly<Record<string, string>> =>
  facts.Config?.Labels ?? facts.Labels ?? facts.labels ?? {};
