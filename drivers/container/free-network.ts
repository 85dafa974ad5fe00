import { createHash } from "node:crypto";
import type { RunContext } from "../../src/contract/host.ts";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { Engine } from "./engine.ts";

/** /24 networks we choose from: 192.168.64.0 … 192.168.191.0, away from where home routers and VPNs usually sit. */
const first = 64;
const count = 128;

/**
 * A /24 that no host route, no network of the engine and none of `avoid` overlaps. The search starts at a place derived from
 * the name, so that a cluster made again mostly gets its old address.
 */
export async function freeNetwork(
  engine: Engine,
  name: string,
  avoid: readonly string[],
  c: RunContext,
): Promise<string> {
  const taken = [...avoid, ...(await hostRoutes(c)), ...(await engineNetworks(engine, c))].map(parseCidr);
  const start = createHash("sha256").update(name).digest().readUInt16BE(0) % count;
  for (let i = 0; i < count; i++) {
    const cidr = `192.168.${first + ((start + i) % count)}.0/24`;
    const candidate = parseCidr(cidr);
    if (!taken.some((other) => overlap(candidate, other))) return cidr;
  }
  throw new LocalkubeError("DRIVER_NO_FREE_NETWORK", { driver: engine.dialect.program, name });
}

async function hostRoutes(c: RunContext): Promise<string[]> {
  const { stdout } = await c.host.run(["ip", "-json", "-4", "route", "show"], {
    signal: c.signal,
    timeoutMs: 5000,
  });
  return (JSON.parse(stdout || "[]") as { dst: string }[])
    .map(({ dst }) => dst)
    .filter((dst) => dst !== "default");
}

async function engineNetworks(engine: Engine, c: RunContext): Promise<string[]> {
  const { stdout: names } = await engine.run(["network", "ls", "--format", "{{.Name}}"], {
    signal: c.signal,
  });
  const { stdout } = await engine.run(["network", "inspect", ...names.split("\n").filter(Boolean)], {
    signal: c.signal,
  });
  return [...stdout.matchAll(/"(?:subnet|Subnet)": "(\d+\.\d+\.\d+\.\d+\/\d+)"/g)].map(([, cidr]) => cidr!);
}

interface Range {
  readonly from: number;
  readonly to: number;
}

function parseCidr(cidr: string): Range {
  const [address = "", bits = "32"] = cidr.split("/");
  const value = address.split(".").reduce((sum, octet) => sum * 256 + Number(octet), 0);
  const size = 2 ** (32 - Number(bits));
  const from = Math.floor(value / size) * size;
  return { from, to: from + size - 1 };
}

const overlap = (a: Range, b: Range): boolean => a.from <= b.to && b.from <= a.to;
