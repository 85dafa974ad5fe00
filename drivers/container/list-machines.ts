import type { MachineState } from "../../src/contract/driver.ts";
import type { RunContext } from "../../src/contract/host.ts";
import { type Engine, homeLabel, ownerLabel } from "./engine.ts";
import { stateOf } from "./machine-state.ts";
import { otherHome } from "./ownership.ts";
import { ourContainers } from "./our-containers.ts";
import { machineOfVolume } from "./remove-machine.ts";

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
    labelledNames(engine, "volume", c),
    labelledNames(engine, "network", c),
  ]);
  const states = new Map<string, MachineState>();
  for (const name of [...volumes.flatMap((volume) => machineOfVolume(volume) ?? []), ...networks])
    states.set(name, "absent");
  for (const { Config, State } of containers) {
    const labels = Config.Labels ?? {};
    if (!otherHome(labels, c.host)) states.set(labels[ownerLabel] ?? "", stateOf(State.Status));
  }
  return [...states].map(([name, state]) => ({ name, state }));
}

async function labelledNames(
  engine: Engine,
  kind: "volume" | "network",
  c: RunContext,
): Promise<readonly string[]> {
  const args = [kind, "ls", "--filter", `label=${homeLabel}=${c.host.stateDir}`, "--format", "{{.Name}}"];
  const { stdout } = await engine.run(args, { signal: c.signal, timeoutMs: 20_000 });
  return stdout.split("\n").filter(Boolean);
}
