import { readFile } from "node:fs/promises";
import type { MachineRef } from "../../contract/driver.ts";
import type { HostContext } from "../../contract/host.ts";
import type { SshEndpoint } from "../../contract/transport.ts";
import { accessEndpoint } from "../../host/ssh-access.ts";
import { closeTunnel, isTunnelOpen, openTunnel, type Tunnel } from "../../machine/ssh/tunnel.ts";
import { apiServerPort } from "../../provision/node/guest-paths.ts";
import type { NodePaths } from "../../state/paths.ts";

/**
 * Name of a node's machine in the hypervisor. That of the first node, which has the profile's name, is `localkube-<profile>`; the others'
 * is `localkube-<profile>.<node>`. No profile has a dot in its name, so that no two machines get the same name.
 */
export const machineName = (profile: string, node: string = profile): string =>
  node === profile ? `localkube-${profile}` : `localkube-${profile}.${node}`;

/** The profile a machine name belongs to; undefined for any other name. */
export const profileOf = (machine: string): string | undefined =>
  /^localkube-([^.]+)(?:\.[^.]+)?$/.exec(machine)?.[1];

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

/** The API server as this computer reaches it: through a forward or tunnel on loopback, or at the machine's own address. */
export const apiServerUrl = ({ api, address, ports }: MachineRef): string =>
  api === "direct" ? `https://${address}:${apiServerPort}` : `https://127.0.0.1:${ports.api}`;

interface Place {
  readonly host: HostContext;
  readonly signal: AbortSignal;
  /** Of the machine's node. */
  readonly paths: NodePaths;
}

/**
 * Ensures that there is a tunnel to the API server; returns whether it was opened just now.
 * Does nothing where the driver forwards the API or the machine is reached directly.
 */
export async function ensureApiTunnel(machine: MachineRef, place: Place): Promise<boolean> {
  return machine.api === "ssh" && openTunnel(await tunnelOf(machine, place), place);
}

/** `open`, `gone`, or undefined where no tunnel is needed. Read-only. */
export async function apiTunnelState(
  machine: MachineRef,
  place: Place,
): Promise<"open" | "gone" | undefined> {
  if (machine.api !== "ssh") return undefined;
  return (await isTunnelOpen(await tunnelOf(machine, place), place)) ? "open" : "gone";
}

/** Succeeds when there is none. */
export async function closeApiTunnel(machine: MachineRef, place: Place): Promise<void> {
  if (machine.api === "ssh") await closeTunnel(await tunnelOf(machine, place), place);
}

async function tunnelOf(machine: MachineRef, { host, paths }: Place): Promise<Tunnel> {
  return {
    endpoint: await endpointOf(machine, paths, host),
    knownHostsFile: paths.knownHosts,
    socket: paths.tunnel,
    localPort: machine.ports.api,
    remotePort: apiServerPort,
  };
}
