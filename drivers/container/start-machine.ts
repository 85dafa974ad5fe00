import type { MachineRef } from "../../src/contract/driver.ts";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { RunContext } from "../../src/contract/host.ts";
import type { Engine } from "./engine.ts";
import { machineState } from "./machine-state.ts";

/** Powers the container on; a running one is left alone. */
export async function startMachine(engine: Engine, machine: MachineRef, c: RunContext): Promise<void> {
  const driver = engine.dialect.program;
  const state = await machineState(engine, machine.name, c);
  if (state === "running") return;
  if (state === "absent") throw new LocalkubeError("DRIVER_MACHINE_ABSENT", { driver, name: machine.name });
  const verb = state === "paused" ? "unpause" : "start";
  const result = await engine.run([verb, machine.name], {
    signal: c.signal,
    timeoutMs: 60_000,
    allowFailure: true,
  });
  if (result.exitCode === 0) return;
  const output = result.stderr.trim();
  if (/address already in use|port is already allocated/i.test(output)) {
    const port =
      Object.values(machine.ports).find((port) => output.includes(String(port))) ??
      Object.values(machine.ports).join(" or ");
    throw new LocalkubeError("DRIVER_PORT_TAKEN", { driver, name: machine.name, port }, { output });
  }
  throw new LocalkubeError("DRIVER_START_FAILED", { driver, name: machine.name }, { output });
}
