import { once } from "node:events";
import type { MachineRef } from "../../contract/driver.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { Forward, Transport } from "../../contract/transport.ts";
import { poll } from "../../host/poll.ts";
import type { ApiClient } from "../../kube/api-client.ts";
import { apiClient, nodeOf, openCluster, withTransport } from "../access/open-cluster.ts";
import { ensureApiTunnel } from "../access/reach.ts";
import type { UseCaseContext } from "../access/use-case.ts";
import { refuseIfPaused } from "../life/pause.ts";
import { directWay, protocolOf, staysOpen } from "./answers.ts";
import { LocalPorts } from "./local-ports.ts";
import { type FoundService, placeOf, readServices } from "./read-services.ts";
import { type ServiceWish, type WantedPort, wantedPorts } from "./wanted-ports.ts";

export interface ServiceRequest extends ServiceWish {
  readonly name: string;
  /** Whatever the port's name and number say. */
  readonly https: boolean;
}

export interface ServiceUrl {
  readonly namespace: string;
  readonly name: string;
  /** Its name, else its number. */
  readonly port: string;
  readonly protocol: "http" | "https";
  readonly url: string;
  readonly via: "loadbalancer" | "nodeport" | "forward";
  /** Endpoints that are ready. */
  readonly ready: number;
}

/**
 * Whether any of these Services is reached only while a process of ours forwards to it. Waits until all of them have ready endpoints. Rejects as `reachServices` does.
 */
export async function needForwards(request: ServiceRequest, context: UseCaseContext): Promise<boolean> {
  return withCluster(request, context, async ({ machine, api }) => {
    for (const { service, port } of await wantedPorts(request, api, context))
      if (!(await directWay(service, port, machine))) return true;
    return false;
  });
}

/**
 * Finds for each TCP port of the Services a URL on which it answers: the address that a load balancer gave it, else a port of the node, where this computer reaches them, else a
 * port of 127.0.0.1 that is forwarded over the SSH connection, the same as last time if that is free. `onOpen` is called once all of them answer; with forwards this resolves when the
 * signal aborts, without at once. Rejects with SERVICE_UNKNOWN, SERVICE_PORT_UNKNOWN, SERVICE_NOT_TCP, SERVICE_NOT_READY, CLUSTER_NOT_RUNNING or CLUSTER_PAUSED.
 */
export async function reachServices(
  request: ServiceRequest,
  context: UseCaseContext,
  onOpen: (urls: readonly ServiceUrl[], staying: boolean) => Promise<void>,
): Promise<void> {
  await withCluster(request, context, async ({ machine, api, transport }) => {
    const forwards: Forward[] = [];
    try {
      const urls: ServiceUrl[] = [];
      const remembered = new LocalPorts(context, request.name);
      for (const wanted of await wantedPorts(request, api, context)) {
        const { service, port } = wanted;
        const direct = await directWay(service, port, machine);
        const way = direct ?? (await forwardWay(wanted, transport, remembered, forwards));
        urls.push(await urlOf(wanted, way, request, context));
      }
      api.close();
      await onOpen(urls, forwards.length > 0);
      if (forwards.length > 0 && !context.signal.aborted) await once(context.signal, "abort");
    } finally {
      await Promise.all(forwards.map((one) => one.close()));
    }
  });
}

/** The Services of a namespace, or of all. Read-only. */
export async function listServices(
  name: string,
  namespace: string | undefined,
  context: UseCaseContext,
): Promise<readonly FoundService[]> {
  return withCluster({ name }, context, ({ api }) => readServices(namespace, api, context.signal));
}

interface Reached {
  readonly machine: MachineRef;
  readonly api: ApiClient;
  readonly transport: Transport;
}

async function withCluster<T>(
  { name }: { readonly name: string },
  context: UseCaseContext,
  work: (reached: Reached) => Promise<T>,
): Promise<T> {
  const cluster = await openCluster(name, context);
  await refuseIfPaused(cluster, context);
  const node = nodeOf(cluster);
  return withTransport(node, context, async (transport, machine) => {
    await ensureApiTunnel(machine, { ...context, paths: node.paths });
    const api = await apiClient(cluster, machine);
    try {
      return await work({ machine, api, transport });
    } finally {
      api.close();
    }
  });
}

const everyMs = 500;

async function forwardWay(
  { service, port }: WantedPort,
  transport: Transport,
  remembered: LocalPorts,
  forwards: Forward[],
): Promise<{ readonly via: "forward"; readonly host: string; readonly port: number }> {
  const local = await remembered.portFor(`${placeOf(service)}:${port.port}`, port.port);
  const forward = await transport.forward({ host: service.clusterIP, port: port.port }, local);
  forwards.push(forward);
  return { via: "forward", host: "127.0.0.1", port: forward.port };
}

/** How long a forwarded connection may take until it is known that nobody answers in the cluster: sshd accepts it before. */
const refusalMs = 300;

async function urlOf(
  { service, port }: WantedPort,
  {
    via,
    host,
    port: number,
  }: { readonly via: ServiceUrl["via"]; readonly host: string; readonly port: number },
  { https, limitMs }: ServiceRequest,
  { signal }: UseCaseContext,
): Promise<ServiceUrl> {
  const { namespace, name, ready } = service;
  const answers = async (): Promise<true | undefined> =>
    (await staysOpen(host, number, via === "forward" ? refusalMs : 0)) || undefined;
  // An endpoint is ready a moment before the node's rules lead to it.
  if (!(await poll(answers, { signal, everyMs, limitMs })))
    throw new LocalkubeError("SERVICE_NOT_READY", {
      ...{ service: name, namespace },
      problem: `its port ${port.port} takes no connection`,
    });
  const protocol = await protocolOf(port, https, host, number);
  if (https && protocol === "http")
    throw new LocalkubeError("SERVICE_NOT_READY", {
      ...{ service: name, namespace },
      problem: `its port ${port.port} does not speak TLS, as --https wants`,
    });
  const isDefault = number === (protocol === "https" ? 443 : 80);
  const place = host.includes(":") ? `[${host}]` : host;
  const url = `${protocol}://${place}${isDefault ? "" : `:${number}`}`;
  return { namespace, name, port: port.name || String(port.port), protocol, url, via, ready };
}
