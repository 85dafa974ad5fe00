import { randomBytes } from "node:crypto";
import type { MachineRef, MachineSpec } from "../../src/contract/driver.ts";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { RunContext } from "../../src/contract/host.ts";
import type { ContainerFacts, Engine } from "./engine.ts";
import { freeNetwork } from "./free-network.ts";
import { ownerOptions } from "./ownership.ts";
import { clearNetwork, networkName, networksOf } from "./remove-machine.ts";

const attempts = 5;
/** podman: "subnet 192.168.64.0/24 is already used on the host or by another config"; docker: "Pool overlaps with other one …". */
const taken = /already (?:being )?used|overlap/i;

/** Creates the machine's own bridge network on a free /24 and returns it. If another localkube takes the subnet first, the next one is tried. */
export async function createNetwork(engine: Engine, spec: MachineSpec, c: RunContext): Promise<string> {
  const { dialect } = engine;
  const lost: string[] = [];
  for (;;) {
    const subnet = await freeNetwork(engine, spec.name, [...spec.avoidNetworks, ...lost], c);
    const args = ["--subnet", subnet, ...ownerOptions(spec.name, c.host), ...dialect.networkOptions];
    const { exitCode, stderr } = await engine.change(["network", "create", ...args, networkName(spec.name)], {
      signal: c.signal,
      timeoutMs: 60_000,
      allowFailure: true,
    });
    if (exitCode === 0) return subnet;
    lost.push(subnet);
    if (!taken.test(stderr) || lost.length === attempts) {
      const params = { driver: dialect.program, name: spec.name };
      throw new LocalkubeError("DRIVER_CREATE_FAILED", params, { output: stderr.trim() });
    }
  }
}

/**
 * Recreates the network of a machine that is not running, on the same subnet: the engine may consider the machine's address allocated (by an
 * interrupted start). podman records that under the network's name, even after the network is removed, until the host reboots; so the new
 * network gets another name. We may be killed after any step: the next start then finds a machine without its network and comes here again.
 * Rejects with HOST_COMMAND_FAILED.
 */
export async function renewNetwork(
  engine: Engine,
  { name, address, data }: MachineRef,
  container: ContainerFacts | undefined,
  c: RunContext,
): Promise<void> {
  const change = (...args: string[]) => engine.change(["network", ...args], { signal: c.signal });
  for (const network of await networksOf(engine, name, c)) {
    if (isConnected(container, network)) await change("disconnect", network, name);
    await clearNetwork(engine, network, container, c);
    await change("rm", network);
  }
  const network = `${networkName(name)}-${randomBytes(3).toString("hex")}`;
  const options = [...ownerOptions(name, c.host), ...engine.dialect.networkOptions];
  await change("create", "--subnet", data["network"] ?? "", ...options, network);
  await change("connect", "--ip", address, network, name);
}

export const isConnected = (container: ContainerFacts | undefined, network: string): boolean =>
  container?.NetworkSettings?.Networks?.[network] !== undefined;
