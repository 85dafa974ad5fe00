import type { MachineState } from "../../src/contract/driver.ts";
import type { RunContext } from "../../src/contract/host.ts";
import { type Engine, ownerLabel } from "./engine.ts";
import { stateOf } from "./machine-state.ts";
import { machineOfVolume } from "./remove-machine.ts";

const options = (c: RunContext) => ({ signal: c.signal, timeoutMs: 20_000 });
const filter = ["--filter", `label=${ownerLabel}`] as const;

/**
 * All machines with our label. One of which only the volume or the network is left (a killed create, a container removed by hand) is
 * listed as `absent`: `removeByName` clears it.
 */
export async function listMachines(
  engine: Engine,
  c: RunContext,
): Promise<readonly { name: string; state: MachineState }[]> {
  const [containers, volumes, networks] = await Promise.all([
    lines(engine, ["ps", "--all", ...filter, "--format", "{{.Names}}\t{{.State}}"], c),
    lines(engine, ["volume", "ls", ...filter, "--format", "{{.Name}}"], c),
    lines(engine, ["network", "ls", ...filter, "--format", "{{.Name}}"], c),
  ]);
  const states = new Map<string, MachineState>();
  for (const name of [...volumes.flatMap((volume) => machineOfVolume(volume) ?? []), ...networks])
    states.set(name, "absent");
  for (const line of containers) {
    const [name = "", status = ""] = line.split("\t");
    states.set(name, stateOf(status));
  }
  return [...states].map(([name, state]) => ({ name, state }));
}

async function lines(engine: Engine, args: readonly string[], c: RunContext): Promise<readonly string[]> {
  return (await engine.run(args, options(c))).stdout.split("\n").filter(Boolean);
}
