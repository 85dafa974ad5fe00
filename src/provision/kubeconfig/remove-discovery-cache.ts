import { rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import type { HostContext } from "../../contract/host.ts";

/**
 * Removes what kubectl has cached about a server that is gone: its folder of API discovery below `~/.kube/cache`, named by host and port with
 * everything unusual as `_` (client-go, discovery/cached/disk). Succeeds when there is none.
 */
export async function removeDiscoveryCache(server: string, host: Pick<HostContext, "env">): Promise<void> {
  const folder = new URL(server).host.replace(/[^\w.]/g, "_");
  const home = host.env["HOME"] || homedir();
  await rm(join(home, ".kube", "cache", "discovery", folder), { recursive: true, force: true });
}
