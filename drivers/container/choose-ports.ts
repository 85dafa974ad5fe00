import { createHash } from "node:crypto";
import { createServer } from "node:net";
import type { MachineRef, PortRequest } from "../../src/contract/driver.ts";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { RunContext } from "../../src/contract/host.ts";
import { type Engine, refLabel } from "./engine.ts";
import { ourContainers } from "./our-containers.ts";

/**
 * Below the range from which the kernel gives ports to outgoing connections (32768 up): a stopped machine's port must still be free
 * when it starts again.
 */
const first = 20_000;
const count = 10_000;

/**
 * A host port for each request: the wanted one, or a free one that no other machine of ours has, running or stopped. The search starts
 * at a place derived from the name. Nothing is reserved.
 */
export async function choosePorts(
  engine: Engine,
  machine: string,
  requests: readonly PortRequest[],
  c: RunContext,
): Promise<MachineRef["ports"]> {
  const taken = await portsOfMachines(engine, c);
  const start = createHash("sha256").update(machine).digest().readUInt32BE(4) % count;
  const chosen: [PortRequest["name"], number][] = [];
  let i = 0;
  for (const { name, hostPort } of requests) {
    let port = hostPort;
    while (port === 0 && i < count) {
      const candidate = first + ((start + i++) % count);
      if (!taken.has(candidate) && (await isFree(candidate))) port = candidate;
    }
    if (port === 0) throw new LocalkubeError("DRIVER_NO_FREE_PORT", { first, last: first + count - 1 });
    chosen.push([name, port]);
  }
  return Object.fromEntries(chosen) as MachineRef["ports"];
}

async function portsOfMachines(engine: Engine, c: RunContext): Promise<ReadonlySet<number>> {
  const refs = (await ourContainers(engine, c)).map(
    ({ Config }) => JSON.parse(Config.Labels?.[refLabel] ?? "{}") as Partial<MachineRef>,
  );
  return new Set(refs.flatMap(({ ports }) => Object.values(ports ?? {})));
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer().once("error", () => resolve(false));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(true)));
  });
}
