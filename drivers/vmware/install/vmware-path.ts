import { join } from "node:path";
import type { HostContext } from "../../../src/contract/host.ts";

/**
 * A file of VMware or of the system that tells about it. LOCALKUBE_VMWARE_ROOT puts another folder before all of them: an installation that
 * lies elsewhere, or a test's.
 */
export function vmwarePath({ env }: Pick<HostContext, "env">, path: string): string {
  const root = env["LOCALKUBE_VMWARE_ROOT"];
  return root ? join(root, path) : path;
}
