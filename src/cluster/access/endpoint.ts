import { readFile } from "node:fs/promises";
import type { MachineRef } from "../../contract/driver.ts";
import type { HostContext } from "../../contract/host.ts";
import type { SshEndpoint } from "../../contract/transport.ts";
import { accessEndpoint } from "../../host/ssh-access.ts";
import type { NodePaths } from "../../state/paths.ts";

/**
 * How a machine's sshd is reached: most drivers forward it to loopback, where root logs in with our key
 * and the machine shows the host key we injected.
 */
export async function endpointOf(
  { access, ports }: MachineRef,
  { identity, hostKey }: Pick<NodePaths, "identity" | "hostKey">,
  host: Pick<HostContext, "env">,
): Promise<SshEndpoint> {
  const injected = access?.hostKey ?? (await readFile(`${hostKey}.pub`, "utf8")).trim();
  return accessEndpoint(
    access ?? { host: "127.0.0.1", port: ports.ssh, user: "root" },
    { identityFile: identity, hostKey: injected },
    host,
  );
}
