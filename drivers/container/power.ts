import type { MachineRef } from "../../src/contract/driver.ts";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { RunContext } from "../../src/contract/host.ts";
import type { ContainerFacts, Engine } from "./engine.ts";
import { inspectContainer, machineState, refuseUnlessSane, stateOf } from "./machine-state.ts";
import { isConnected, networkOf, networkOfContainer, networksOf, renewNetwork } from "./network.ts";
import { ourContainers } from "./our-containers.ts";
import { thawFromOutside, thawPods } from "./thaw-pods.ts";

/**
 * Powers the container on; a running one is left alone. Rejects with DRIVER_MACHINE_ABSENT, DRIVER_MACHINE_BROKEN, DRIVER_PORT_TAKEN or
 * DRIVER_START_FAILED; the machine is then as it was before.
 */
export async function startMachine(engine: Engine, machine: MachineRef, c: RunContext): Promise<void> {
  const driver = engine.dialect.program;
  const { name } = machine;
  const state = await machineState(engine, name, c);
  if (state === "running") return;
  if (state === "absent") throw new LocalkubeError("DRIVER_MACHINE_ABSENT", { driver, name });
  refuseUnlessSane(engine, name, state);
  const verb = state === "paused" ? "unpause" : "start";
  const options = { signal: c.signal, timeoutMs: 60_000, allowFailure: true };
  const container = await inspectContainer(engine, name, c);
  if (verb === "start") await clearTheWay(engine, machine, container, c);
  let result = await engine.change([verb, name], options);
  if (result.exitCode !== 0 && engine.dialect.remainsInTheWay?.test(result.stderr)) {
    c.log(`an earlier start was cut off: ${result.stderr.trim()}`);
    await renewNetwork(engine, machine, await containersOf(engine, machine, container, c), c);
    result = await engine.change([verb, name], options);
  }
  if (result.exitCode === 0) return;
  const output = result.stderr.trim();
  const port = takenPort(output, machine);
  if (port !== undefined) throw new LocalkubeError("DRIVER_PORT_TAKEN", { driver, name, port }, { output });
  throw new LocalkubeError("DRIVER_START_FAILED", { driver, name }, { output });
}

/** Clears what an earlier end of the machine left behind, so that it can start. */
async function clearTheWay(
  engine: Engine,
  machine: MachineRef,
  container: ContainerFacts | undefined,
  c: RunContext,
): Promise<void> {
  // It may have been killed while the cluster was paused.
  await thawFromOutside(engine, machine.name, c);
  if (!container?.NetworkSettings?.Networks) return;
  // An earlier repair was interrupted: without a network the machine would run but be unreachable.
  const networks = await networksOf(engine, networkOf(machine), c);
  if (!networks.some((network) => isConnected(container, network)))
    await renewNetwork(engine, machine, await containersOf(engine, machine, container, c), c);
}

/**
 * The containers on the machine's network, its own first. Rejects with DRIVER_START_FAILED when another one runs: it cannot be moved to a
 * new network without losing its connections.
 */
async function containersOf(
  engine: Engine,
  machine: MachineRef,
  own: ContainerFacts | undefined,
  c: RunContext,
): Promise<readonly ContainerFacts[]> {
  const network = networkOf(machine);
  const others = (await ourContainers(engine, c)).filter(
    (other) => other.Id !== own?.Id && networkOfContainer(other) === network,
  );
  if (others.some(({ State }) => stateOf(State.Status) !== "stopped")) {
    const params = { driver: engine.dialect.program, name: machine.name };
    const output = `the network ${network} has to be created again while no machine of the cluster runs: localkube stop`;
    throw new LocalkubeError("DRIVER_START_FAILED", params, { output });
  }
  return own ? [own, ...others] : others;
}

/**
 * podman: "cannot listen on the TCP port: listen tcp4 127.0.0.1:40022: bind: address already in use"; docker: "Bind for 127.0.0.1:40022
 * failed: port is already allocated" when another container has it, otherwise podman's message.
 */
function takenPort(output: string, { ports }: MachineRef): number | undefined {
  if (!/address already in use|port is already allocated/i.test(output)) return undefined;
  return Object.values(ports).find((port) => new RegExp(`:${port}\\b`).test(output));
}

const marginMs = 30_000;

/**
 * Shuts the container down: systemd gets its signal, and after `graceMs` (rounded up to seconds) the engine kills it. A stopped or absent one
 * is left alone. Rejects with DRIVER_STOP_FAILED when it still runs then, DRIVER_MACHINE_BROKEN when it is in a state not to be touched.
 */
export async function stopMachine(
  engine: Engine,
  name: string,
  c: RunContext & { readonly graceMs: number },
): Promise<void> {
  const state = await machineState(engine, name, c);
  if (state === "absent") return;
  if (state === "stopped") {
    // Killed while the cluster was paused: its processes would remain.
    await thawFromOutside(engine, name, c);
    return;
  }
  refuseUnlessSane(engine, name, state);
  // A frozen process receives no signal.
  if (state === "paused") await engine.change(["unpause", name], { signal: c.signal, timeoutMs: 20_000 });
  await thawPods(engine, name, c);
  const seconds = Math.ceil(c.graceMs / 1000);
  // `-t`, because docker 28 renamed --time to --timeout. The engine itself kills after it; our deadline is for an engine that hangs.
  const result = await engine.change(["stop", "-t", String(seconds), name], {
    signal: c.signal,
    timeoutMs: c.graceMs + marginMs,
    allowFailure: true,
  });
  if (result.exitCode === 0) return;
  const now = await machineState(engine, name, c);
  if (now === "absent" || now === "stopped") return;
  throw new LocalkubeError(
    "DRIVER_STOP_FAILED",
    { driver: engine.dialect.program, name },
    { output: result.stderr.trim() },
  );
}
