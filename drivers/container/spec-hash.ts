import { createHash } from "node:crypto";
import type { MachineSpec } from "../../src/contract/driver.ts";

/**
 * Covers what cannot be changed in a container afterwards. Not the ports: free ones are chosen once and kept; nor the image: a newer
 * localkube has another one, and existing machines stay as they are.
 */
export function specHash({ name, hostname, cpus, memoryMiB, authorizedKey, hostKey }: MachineSpec): string {
  const parts = [name, hostname, cpus, memoryMiB, authorizedKey, hostKey.publicKey];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 16);
}
