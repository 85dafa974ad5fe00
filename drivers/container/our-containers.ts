import type { RunContext } from "../../src/contract/host.ts";
import { type ContainerFacts, type Engine, ownerLabel } from "./engine.ts";

/**
 * Every container with our label, of any state folder, as reported by `inspect`: podman's `ps` prints a human-readable state ("Up 3
 * minutes").
 */
export const ourContainers = async (engine: Engine, c: RunContext): Promise<readonly ContainerFacts[]> =>
  (await inspectAll(engine, "container", ["ps", "--all", "--quiet"], c)) as readonly ContainerFacts[];

/** A volume has its name and labels at the top level; podman spells a network's keys in lower case. */
interface ObjectFacts {
  readonly Name?: string;
  readonly name?: string;
  readonly Labels?: Readonly<Record<string, string>> | null;
  readonly labels?: Readonly<Record<string, string>> | null;
}

export interface LabelledObject {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Every volume or network with our label, of any state folder. */
export async function labelledObjects(
  engine: Engine,
  kind: "volume" | "network",
  c: RunContext,
): Promise<readonly LabelledObject[]> {
  const facts = await inspectAll(engine, kind, [kind, "ls", "--format", "{{.Name}}"], c);
  return (facts as readonly ObjectFacts[]).map(({ Name, name, Labels, labels }) => ({
    name: Name ?? name ?? "",
    labels: Labels ?? labels ?? {},
  }));
}

async function inspectAll(
  engine: Engine,
  kind: "container" | "volume" | "network",
  list: readonly string[],
  c: RunContext,
): Promise<readonly unknown[]> {
  const options = { signal: c.signal, timeoutMs: 20_000 };
  const { stdout } = await engine.run([...list, "--filter", `label=${ownerLabel}`], options);
  const ids = stdout.split("\n").filter(Boolean);
  if (ids.length === 0) return [];
  // One may have been removed since it was listed; the engine then fails but still prints the others.
  const inspected = await engine.run([kind, "inspect", ...ids], { ...options, allowFailure: true });
  return JSON.parse(inspected.stdout || "[]") as unknown[];
}
