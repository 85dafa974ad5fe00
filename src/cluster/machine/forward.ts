import { once } from "node:events";
import { type Forwardable, forwardTarget } from "./forward-target.ts";
import { ensureApiTunnel } from "../access/reach.ts";
import { apiClient, nodeOf, openCluster, withTransport } from "../access/open-cluster.ts";
import { refuseIfPaused } from "../life/pause.ts";
import type { UseCaseContext } from "../access/use-case.ts";

export interface ForwardRequest {
  readonly name: string;
  /** As given: `30080`, `web`, `web:http`. */
  readonly target: string;
  readonly namespace: string;
  /** Port on this host; 0 = any free one. */
  readonly localPort: number;
}

export interface Forwarded {
  readonly name: string;
  /** Port on 127.0.0.1 of this host. */
  readonly port: number;
  readonly target: Forwardable;
}

/**
 * Forwards connections from 127.0.0.1 to a port of the node or to a Service until the signal aborts; `onOpen` is called once connections
 * are accepted. Rejects with FORWARD_TARGET_INVALID, SERVICE_UNKNOWN, SERVICE_PORT_UNKNOWN, SSH_FORWARD_FAILED, CLUSTER_NOT_RUNNING or
 * CLUSTER_PAUSED.
 */
export async function forward(
  { name, target: wanted, namespace, localPort }: ForwardRequest,
  context: UseCaseContext,
  onOpen: (forwarded: Forwarded) => void,
): Promise<void> {
  const cluster = await openCluster(name, context);
  await refuseIfPaused(cluster, context);
  const node = nodeOf(cluster);
  await withTransport(node, context, async (transport, machine) => {
    await ensureApiTunnel(machine, { ...context, paths: node.paths });
    const api = await apiClient(cluster, machine);
    const target = await forwardTarget(wanted, namespace, machine.address, api, context.signal).finally(() =>
      api.close(),
    );
    const open = await transport.forward({ host: target.host, port: target.port }, localPort);
    try {
      onOpen({ name, port: open.port, target });
      if (!context.signal.aborted) await once(context.signal, "abort");
    } finally {
      await open.close();
    }
  });
}
