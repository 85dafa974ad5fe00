import type { MachineState } from "../../src/contract/driver.ts";
import type { RunContext } from "../../src/contract/host.ts";
import { type Engine, ownerLabel } from "./engine.ts";
import { stateOf } from "./machine-state.ts";
import { isOfThisHome, otherHome } from "./ownership.ts";
import { ourContainers } from "./our-containers.ts";
import { type Labelled, labelsOf } from "./remove-machine.ts";

/**
 * All machines with our label, but for those of another state folder that is still there. One of which only the volume or the network is left (a killed create, a container removed by hand) is
 * listed as `absent`: `removeByName` clears it.
 */
export async function listMachines(
  engine: Engine,
  c: RunContext,
): Promise<readonly { name: string; state: MachineState }[]> {
  const [containers, volumes, networks] = await Promise.all([
    ourContainers(engine, c),
    machinesWith(engine, "volume", c),
    machinesWith(engine, "network", c),
  ]);
  const states = new Map<string, MachineState>();
  for (const name of [...volumes, ...networks]) states.set(name, "absent");
  for (const { Config, State } of containers) {
    const labels = Config.Labels ?? {};
    if (!otherHome(labels, c.host)) states.set(labels[ownerLabel] ?? "", stateOf(State.Status));
  }
  return [...states].map(([name, state]) => ({ name, state }));
}

/** The machines of this state folder for which there is a volume or a network. */
async function machinesWith(
  engine: Engine,
  kind: "volume" | "network",
  c: RunContext,
): Promise<readonly string[]> {
  const options = { signal: c.signal, timeoutMs: 20_000 };
  // Not by the folder: podman takes a comma in the filter for the beginning of another one.
  const list = [kind, "ls", "--filter", `label=${ownerLabel}`, "--format", "{{.Name}}"];
  const names = (await engine.run(list, options)).stdout.split("\n").filter(Boolean);
  if (names.length === 0) return [];
  // One may have been removed since the list was made; the engine then fails but still prints the others.
  const { stdout } = await engine.run([kind, "inspect", ...names], { ...options, allowFailure: true });
  return (JSON.parse(stdout || "[]") as Labelled[]).flatMap((facts) => {
    const labels = labelsOf(facts);
    return isOfThisHome(labels, c.host) ? (labels[ownerLabel] ?? []) : [];
  });
}
