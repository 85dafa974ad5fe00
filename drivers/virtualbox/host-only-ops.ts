import type { RunContext } from "../../src/contract/host.ts";
import type { HostOnlyNetwork } from "./machine-file.ts";

/** How a version of VirtualBox provides the network between host and machines. All idempotent. */
export interface HostOnlyOps {
  /** Networks (CIDR) that VirtualBox already has, ours and others': their addresses are taken. */
  taken(c: RunContext): Promise<readonly string[]>;
  /** Creates it and returns its name. Leaves nothing behind when it rejects. */
  make(cidr: string, c: RunContext): Promise<string>;
  /** Restores its address, or recreates it, when it was lost (a reboot, a tool, an upgrade); returns its current name. */
  repair(network: HostOnlyNetwork, c: RunContext): Promise<string>;
  /** Succeeds when it is already gone. */
  remove(network: HostOnlyNetwork, c: RunContext): Promise<void>;
}
