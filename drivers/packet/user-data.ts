import type { MachineSpec } from "../../src/contract/driver.ts";
import { cloudConfig } from "../vm/seed/cloud-config.ts";
import { ignitionConfig } from "../vm/seed/ignition.ts";

/**
 * What the server does at its first boot: set its name, install our host key (so that nothing is trusted on first use), allow login with our
 * key. Ignition for Flatcar, cloud-init for all others. Contains the private host key: never log it.
 */
export function userData(
  spec: MachineSpec,
  operatingSystem: { slug: string; distro?: string | null | undefined },
): string {
  const { hostname, authorizedKey, hostKey } = spec;
  const input = { hostname, authorizedKey, hostKey, instanceId: spec.name, interfaces: [] };
  const reads = `${operatingSystem.slug} ${operatingSystem.distro ?? ""}`;
  return /flatcar|coreos/.test(reads) ? ignitionConfig(input) : cloudConfig(input);
}
