import { createHash } from "node:crypto";
import type { MachineSpec } from "../../src/contract/driver.ts";

/**
 * Of what a container cannot change afterwards. Ports are not in it: a free one is chosen once and kept; nor the image: a newer
 * localkube has another one, and the machines that are there stay as they are.
 */
export function specHash({ name, hostname, cpus, memoryMiB, authorizedKey, hostKey }: MachineSpec): string {
  const parts = [name, hostname, cpus, memoryMiB, authorizedKey, hostKey.publicKey];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 16);
}
