import type { MachineState } from "../../src/contract/driver.ts";
import type { RunContext } from "../../src/contract/host.ts";
import { type Engine, ownerLabel } from "./engine.ts";

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

export interface ContainerFacts {
  readonly Id: string;
  readonly State: { readonly Status: string; readonly ExitCode: number; readonly Error?: string };
  readonly Config: { readonly Labels?: Readonly<Record<string, string>> | null };
}

export async function inspectContainer(
  engine: Engine,
  name: string,
  c: RunContext,
): Promise<ContainerFacts | undefined> {
  return (await engine.inspect("container", name, { signal: c.signal, timeoutMs: 20_000 })) as
    ContainerFacts | undefined;
}

export async function machineState(engine: Engine, name: string, c: RunContext): Promise<MachineState> {
  const facts = await inspectContainer(engine, name, c);
  return facts ? stateOf(facts.State.Status) : "absent";
}

const stateOf = (status: string): MachineState => states[status.toLowerCase()] ?? "unknown";

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
    `${engine.dialect.program} says the container ${name} is «${Status}» (exit code ${ExitCode})`,
    ...(reason ? [reason] : []),
    ...(lines ? [`Its last lines:\n${lines}`] : []),
  ].join("\n");
}

export async function listMachines(engine: Engine, c: RunContext) {
  const format = `{{.Names}}\t{{.State}}`;
  const args = ["ps", "--all", "--filter", `label=${ownerLabel}`, "--format", format];
  const { stdout } = await engine.run(args, { signal: c.signal, timeoutMs: 20_000 });
  return stdout
    .split("\n")
    .filter(Boolean)
    .map((line) => line.split("\t"))
    .map(([name = "", status = ""]) => ({ name, state: stateOf(status) }));
}
