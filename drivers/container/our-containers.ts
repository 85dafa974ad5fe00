import type { RunContext } from "../../src/contract/host.ts";
import { type ContainerFacts, type Engine, ownerLabel } from "./engine.ts";

/** Every container with our label, as `inspect` tells of it: podman's `ps` prints a state for people («Up 3 minutes»). */
export async function ourContainers(engine: Engine, c: RunContext): Promise<readonly ContainerFacts[]> {
  const options = { signal: c.signal, timeoutMs: 20_000 };
  const list = ["ps", "--all", "--quiet", "--filter", `label=${ownerLabel}`];
  const ids = (await engine.run(list, options)).stdout.split("\n").filter(Boolean);
  if (ids.length === 0) return [];
  // One may have been removed since the list was made; the engine then fails but still prints the others.
  const { stdout } = await engine.run(["container", "inspect", ...ids], { ...options, allowFailure: true });
  return JSON.parse(stdout || "[]") as ContainerFacts[];
}
