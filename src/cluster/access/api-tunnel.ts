import type { MachineRef } from "../../contract/driver.ts";
import type { HostContext } from "../../contract/host.ts";
import { closeTunnel, isTunnelOpen, openTunnel, type Tunnel } from "../../machine/ssh/tunnel.ts";
import { apiServerPort } from "../../provision/node/guest-paths.ts";
import type { NodePaths } from "../../state/paths.ts";
import { endpointOf } from "./endpoint.ts";

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
