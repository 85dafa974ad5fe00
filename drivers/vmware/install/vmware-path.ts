import { join } from "node:path";
import type { HostContext } from "../../../src/contract/host.ts";

/**
 * A file of VMware, or of the system that describes it. LOCALKUBE_VMWARE_ROOT puts another folder before all of them: for an installation in
 * another place, or for tests.
 */
export function vmwarePath({ env }: Pick<HostContext, "env">, path: string): string {
  const root = env["LOCALKUBE_VMWARE_ROOT"];
  return root ? join(root, path) : path;
}
