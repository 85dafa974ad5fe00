import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { RunContext } from "../../src/contract/host.ts";
import { type Engine, ownerLabel } from "./engine.ts";

type Kind = "container" | "volume" | "network";

const removal: Readonly<Record<Kind, readonly string[]>> = {
  container: ["rm", "--force", "--volumes"],
  volume: ["volume", "rm", "--force"],
  network: ["network", "rm"],
};

/** Volume that carries the machine's /var: an overlay cannot lie on an overlay, and data outlives a stopped container. */
export const volumeName = (machine: string): string => `${machine}-var`;
export const networkName = (machine: string): string => machine;

/**
 * Removes container, volume and network of that name, each only when it carries our label for this machine, then looks again.
 * Succeeds when nothing was there; rejects with DRIVER_NAME_TAKEN for a stranger's, DRIVER_LEFTOVERS for what would not go.
 */
export async function removeEverything(engine: Engine, machine: string, c: RunContext): Promise<void> {
  const objects: readonly (readonly [Kind, string])[] = [
    ["container", machine],
    ["volume", volumeName(machine)],
    ["network", networkName(machine)],
  ];
  const leftovers: string[] = [];
  for (const [kind, name] of objects) {
    if (!(await ours(engine, kind, name, machine, c))) continue;
    const removed = await engine.run([...removal[kind], name], {
      signal: c.signal,
      timeoutMs: 60_000,
      allowFailure: true,
    });
    if (await engine.inspect(kind, name, { signal: c.signal }))
      leftovers.push(`${kind} ${name}: ${removed.stderr.trim()}`);
  }
  if (leftovers.length) {
    const program = engine.dialect.program;
    throw new LocalkubeError(
      "DRIVER_LEFTOVERS",
      { driver: program, name: machine },
      { output: leftovers.join("\n") },
    );
  }
}

/** Whether the object is there and ours; rejects with DRIVER_NAME_TAKEN when it is somebody else's. */
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
  if (labels[ownerLabel] === machine) return true;
  throw new LocalkubeError("DRIVER_NAME_TAKEN", { driver: engine.dialect.program, kind, name });
}

interface Labelled {
  readonly Config?: { readonly Labels?: Readonly<Record<string, string>> | null };
  readonly Labels?: Readonly<Record<string, string>> | null;
  readonly labels?: Readonly<Record<string, string>> | null;
}
