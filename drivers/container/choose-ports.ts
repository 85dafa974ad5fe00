import type { MachineRef, PortRequest } from "../../src/contract/driver.ts";
import type { RunContext } from "../../src/contract/host.ts";
import { choosePorts } from "../../src/host/choose-ports.ts";
import { type Engine, refLabel } from "./engine.ts";
import { ourContainers } from "./our-containers.ts";

/** A host port for each request: the requested one, or a free one that no other machine of ours in this engine uses, running or stopped. */
export async function chooseContainerPorts(
  engine: Engine,
  machine: string,
  requests: readonly PortRequest[],
  c: RunContext,
): Promise<MachineRef["ports"]> {
  const refs = (await ourContainers(engine, c)).map(
    ({ Config }) => JSON.parse(Config.Labels?.[refLabel] ?? "{}") as Partial<MachineRef>,
  );
  return choosePorts(machine, requests, new Set(refs.flatMap(({ ports }) => Object.values(ports ?? {}))));
}
