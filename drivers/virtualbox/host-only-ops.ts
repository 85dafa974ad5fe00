import type { RunContext } from "../../src/contract/host.ts";
import type { HostOnlyNetwork } from "./machine-file.ts";

/** How a VirtualBox makes the network between host and machines. All idempotent. */
export interface HostOnlyOps {
  /** Networks (CIDR) that VirtualBox has already, ours and others': their addresses are taken. */
  taken(c: RunContext): Promise<readonly string[]>;
  /** Makes it and gives its name. Leaves nothing when it rejects. */
  make(cidr: string, c: RunContext): Promise<string>;
  /** Gives it its address again, or makes it anew, when it lost that (a reboot, a tool, an upgrade); the name it has then. */
  mend(network: HostOnlyNetwork, c: RunContext): Promise<string>;
  /** Succeeds when it is gone already. */
  remove(network: HostOnlyNetwork, c: RunContext): Promise<void>;
}
