import type { MachineSpec } from "../../src/contract/driver.ts";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { RunContext } from "../../src/contract/host.ts";
import type { Engine } from "./engine.ts";
import { freeNetwork } from "./free-network.ts";
import { ownerOptions } from "./ownership.ts";
import { networkName } from "./remove-machine.ts";

const attempts = 5;
/** podman: «subnet 192.168.64.0/24 is already used on the host or by another config»; docker: «Pool overlaps with other one …». */
const taken = /already (?:being )?used|overlap/i;

/** Makes the machine's own bridge network on a free /24; returns that. Another localkube may take it between look and make: next one. */
export async function createNetwork(engine: Engine, spec: MachineSpec, c: RunContext): Promise<string> {
  const { dialect } = engine;
  const lost: string[] = [];
  for (;;) {
    const subnet = await freeNetwork(engine, spec.name, [...spec.avoidNetworks, ...lost], c);
    const args = ["--subnet", subnet, ...ownerOptions(spec.name, c.host), ...dialect.networkOptions];
    const { exitCode, stderr } = await engine.run(["network", "create", ...args, networkName(spec.name)], {
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
