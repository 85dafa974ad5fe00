import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { RunContext } from "../../src/contract/host.ts";
import { type Engine, type EngineDialect, ownerLabel } from "./engine.ts";
import { otherHome } from "./ownership.ts";
import { thawPods } from "./thaw-pods.ts";

type Kind = "container" | "volume" | "network";

const removal = (kind: Kind, dialect: EngineDialect): readonly string[] =>
  kind === "container"
    ? ["rm", "--force", "--volumes", ...dialect.killOptions]
    : kind === "volume"
      ? ["volume", "rm", "--force"]
      : ["network", "rm"];

const volumeSuffix = "-var";

/** Volume that carries the machine's /var: an overlay cannot lie on an overlay, and data outlives a stopped container. */
export const volumeName = (machine: string): string => `${machine}${volumeSuffix}`;
export const networkName = (machine: string): string => machine;
export const machineOfVolume = (volume: string): string | undefined =>
  volume.endsWith(volumeSuffix) ? volume.slice(0, -volumeSuffix.length) : undefined;

/**
 * Removes container, volume and network of that name, after seeing that all of them carry our label for this machine, then looks again.
 * Succeeds when nothing was there; rejects with DRIVER_NAME_TAKEN for a stranger's before anything is touched, DRIVER_LEFTOVERS for what
 * would not go.
 */
export async function removeEverything(engine: Engine, machine: string, c: RunContext): Promise<void> {
  const present: (readonly [Kind, string])[] = [];
  for (const [kind, name] of objectsOf(machine))
    if (await ours(engine, kind, name, machine, c)) present.push([kind, name]);
  const leftovers: string[] = [];
  for (const [kind, name] of present) {
    if (kind === "container") await thawPods(engine, name, c);
    const removed = await engine.run([...removal(kind, engine.dialect), name], {
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

const objectsOf = (machine: string): readonly (readonly [Kind, string])[] => [
  ["container", machine],
  ["volume", volumeName(machine)],
  ["network", networkName(machine)],
];

/** Whether the object is there and ours; rejects with DRIVER_NAME_TAKEN or DRIVER_OTHER_HOME when it is somebody else's. */
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
  const labels = facts.Config?.Labels ?? facts.Labels ?? facts.labels ?? {};
  const other = otherHome(labels, c.host);
  if (other) throw new LocalkubeError("DRIVER_OTHER_HOME", { kind, name, home: other });
  if (labels[ownerLabel] === machine) return true;
  throw new LocalkubeError("DRIVER_NAME_TAKEN", { driver: engine.dialect.program, kind, name });
}

/** A container has its labels in Config; a volume at the top; podman spells a network's keys in small letters. */
interface Labelled {
  readonly Config?: { readonly Labels?: Readonly<Record<string, string>> | null };
  readonly Labels?: Readonly<Record<string, string>> | null;
  readonly labels?: Readonly<Record<string, string>> | null;
}
