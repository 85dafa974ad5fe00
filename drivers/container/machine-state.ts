import type { MachineState } from "../../src/contract/driver.ts";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { RunContext } from "../../src/contract/host.ts";
import type { ContainerFacts, Engine } from "./engine.ts";
import { otherHome } from "./ownership.ts";

/** Every status that podman (libpod/define/containerstate.go) and docker (container State.Status) document. */
const states: Readonly<Record<string, MachineState>> = {
  created: "stopped",
  configured: "stopped",
  initialized: "stopped",
  exited: "stopped",
  stopped: "stopped",
  running: "running",
  restarting: "starting",
  paused: "paused",
  stopping: "stopping",
  removing: "stopping",
  dead: "broken",
  bad: "broken",
  unknown: "unknown",
};

/** Undefined when there is none of that name, or when it belongs to another state folder: that one is not ours to start, stop or explain. */
export async function inspectContainer(
  engine: Engine,
  name: string,
  c: RunContext,
): Promise<ContainerFacts | undefined> {
  const facts = (await engine.inspect("container", name, { signal: c.signal, timeoutMs: 20_000 })) as
    ContainerFacts | undefined;
  return facts && otherHome(facts.Config.Labels ?? {}, c.host) === undefined ? facts : undefined;
}

/**
 * Whether it was never started and therefore holds no data. The status does not show this: after a reboot of the host podman calls containers
 * "created" again that have run before.
 */
export const neverRan = ({ State }: ContainerFacts): boolean =>
  State.StartedAt !== undefined && State.StartedAt.startsWith("0001-01-01");

export async function machineState(engine: Engine, name: string, c: RunContext): Promise<MachineState> {
  const facts = await inspectContainer(engine, name, c);
  return facts ? stateOf(facts.State.Status) : "absent";
}

export const stateOf = (status: string): MachineState => states[status.toLowerCase()] ?? "unknown";

/** Rejects with DRIVER_MACHINE_BROKEN for states that only a person should end. */
export function refuseUnlessSane(engine: Engine, name: string, state: MachineState): void {
  if (state !== "broken" && state !== "unknown") return;
  throw new LocalkubeError("DRIVER_MACHINE_BROKEN", { driver: engine.dialect.program, name, state });
}

export async function diagnoseMachine(engine: Engine, name: string, c: RunContext): Promise<string> {
  const facts = await inspectContainer(engine, name, c);
  if (!facts) return `${engine.dialect.program} knows no container ${name}`;
  const { Status, ExitCode, Error: reason } = facts.State;
  const logs = await engine.run(["logs", "--tail", "5", name], {
    signal: c.signal,
    timeoutMs: 20_000,
    allowFailure: true,
  });
  const lines = `${logs.stdout}${logs.stderr}`.trim();
  return [
    `${engine.dialect.program} says the container ${name} is '${Status}' (exit code ${ExitCode})`,
    ...(reason ? [reason] : []),
    ...(lines ? [`Its last lines:\n${lines}`] : []),
  ].join("\n");
}
