import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { connect as connectTcp } from "node:net";
import { connect as connectTls } from "node:tls";
import { setTimeout as sleep } from "node:timers/promises";
import { troubleOf } from "../../addons/pod-trouble.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { MachineRef } from "../../contract/driver.ts";
import type { Forward, Transport } from "../../contract/transport.ts";
import { choosePorts, isPortFree } from "../../host/choose-ports.ts";
import { didYouMean } from "../../host/nearest-word.ts";
import { poll } from "../../host/poll.ts";
import type { ApiClient } from "../../kube/api-client.ts";
import { clusterPaths } from "../../state/paths.ts";
import { writePrivateFile } from "../../state/private-file.ts";
import { apiClient, nodeOf, openCluster, withTransport } from "../access/open-cluster.ts";
import { ensureApiTunnel } from "../access/reach.ts";
import { notice, type UseCaseContext } from "../access/use-case.ts";
import { refuseIfPaused } from "../life/pause.ts";
import { type FoundService, placeOf, readServices, type ServicePort } from "./read-services.ts";

export interface ServiceRequest {
  readonly name: string;
  readonly namespace: string;
  /** As given, `web` or `web:http`; empty: all of the namespace that have an address. */
  readonly services: readonly string[];
  /** Whatever the port's name and number say. */
  readonly https: boolean;
  /** Milliseconds until the last of them answers. */
  readonly limitMs: number;
  /** Also for a Service that is not there yet. */
  readonly waitsForExistence: boolean;
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

/** Where a port is reached without us. */
interface Direct {
  readonly via: "loadbalancer" | "nodeport";
  readonly host: string;
  readonly port: number;
}

interface Wanted {
  readonly service: FoundService;
  readonly port: ServicePort;
}

/**
 * Whether any of these Services is reached only while a process of ours forwards to it. Waits until all of them have ready endpoints. Rejects as `reachServices` does.
 */
export async function needForwards(request: ServiceRequest, context: UseCaseContext): Promise<boolean> {
  return withCluster(request, context, async ({ machine, api }) => {
    for (const { service, port } of await wantedOf(request, api, context))
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
      for (const wanted of await wantedOf(request, api, context)) {
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
/** Whoever waits for longer is told for what. */
const tellAfterMs = 2000;

/** The ports that are meant, once each has a ready endpoint. */
async function wantedOf(
  request: ServiceRequest,
  api: ApiClient,
  context: UseCaseContext,
): Promise<readonly Wanted[]> {
  const { namespace, services, limitMs, waitsForExistence } = request;
  const begun = performance.now();
  let lacking: FoundService | undefined;
  let told = false;
  const look = async (): Promise<readonly Wanted[] | undefined> => {
    const all = await readServices(namespace, api, context.signal);
    let found: readonly Wanted[];
    try {
      found = services.length === 0 ? everyPort(all) : services.flatMap((one) => named(one, namespace, all));
    } catch (error) {
      const isAbsent = error instanceof LocalkubeError && error.id === "SERVICE_UNKNOWN";
      if (isAbsent && waitsForExistence && performance.now() - begun < limitMs) return undefined;
      throw error;
    }
    lacking = found.find(({ service }) => service.ready === 0)?.service;
    if (!lacking) return found;
    if (!told && performance.now() - begun > tellAfterMs) {
      told = true;
      notice(context, `waiting for the Service ${placeOf(lacking)} to have a pod that is ready`);
    }
    return undefined;
  };
  const found = await poll(look, { signal: context.signal, everyMs, limitMs });
  if (found) return found;
  throw await notReady(lacking, api, context.signal);
}

/** All TCP ports of those that can be reached, Kubernetes' own Service aside. */
const everyPort = (all: readonly FoundService[]): readonly Wanted[] =>
  all
    .filter((service) => service.clusterIP !== "" && service.ready > 0)
    .filter((service) => placeOf(service) !== "default/kubernetes")
    .flatMap((service) => tcpPorts(service).map((port) => ({ service, port })));

const tcpPorts = ({ ports }: FoundService): readonly ServicePort[] =>
  ports.filter(({ protocol }) => protocol === "TCP");

function named(wanted: string, namespace: string, all: readonly FoundService[]): readonly Wanted[] {
  const [name = "", port] = wanted.split(":");
  const service = all.find((one) => one.name === name);
  if (!service) {
    const hint = didYouMean(
      name,
      all.map((one) => one.name),
    );
    throw new LocalkubeError("SERVICE_UNKNOWN", { service: name, namespace, hint });
  }
  const unreachable = (problem: string) =>
    new LocalkubeError("SERVICE_NOT_TCP", { service: name, namespace, problem });
  if (service.type === "ExternalName")
    throw unreachable("it is of type ExternalName, a second name of something that is not in the cluster");
  if (service.clusterIP === "") throw unreachable("it is headless, so only its pods have addresses");
  const ports = tcpPorts(service);
  if (ports.length === 0) throw unreachable("it has no TCP port");
  const fitting = ports.filter((one) => port === undefined || one.name === port || String(one.port) === port);
  if (fitting.length > 0) return fitting.map((one) => ({ service, port: one }));
  const known = ports.map((one) => one.name || String(one.port)).join(", ");
  throw new LocalkubeError("SERVICE_PORT_UNKNOWN", { service: name, known });
}

/** With what keeps its pods from being ready. */
async function notReady(
  service: FoundService | undefined,
  api: ApiClient,
  signal: AbortSignal,
): Promise<LocalkubeError> {
  if (!service) return new LocalkubeError("SERVICE_NOT_READY", { service: "", namespace: "", problem: "" });
  const { name, namespace, selector } = service;
  const labels = Object.entries(selector).map(([key, value]) => `${key}=${value}`);
  const error = (problem: string, output?: string): LocalkubeError =>
    new LocalkubeError(
      "SERVICE_NOT_READY",
      { service: name, namespace, problem },
      output === undefined ? {} : { output },
    );
  if (labels.length === 0) return error("it selects no pods, and nobody has written endpoints for it");
  const query = new URLSearchParams({ labelSelector: labels.join(",") });
  const pods = await api.get<{ readonly items: Parameters<typeof troubleOf>[0][] }>(
    `/api/v1/namespaces/${namespace}/pods?${query}`,
    { signal },
  );
  const [first, ...others] = pods?.items ?? [];
  if (!first) return error(`no pod has the labels that it selects, ${labels.join(", ")}`);
  const trouble = await troubleOf(first, { api, signal, pullsFailing: new Map() });
  const more = others.length === 0 ? "" : `, and ${others.length} more`;
  return error(
    trouble ? `${trouble.text}${more}` : `its pod ${first.metadata.name}${more} is not ready`,
    trouble?.output,
  );
}

const connectMs = 1000;

/** A way in which this computer reaches the port without us, seen to be open; undefined without one. */
async function directWay(
  { addresses }: FoundService,
  { port, nodePort }: ServicePort,
  { address, addressReachable }: MachineRef,
): Promise<Direct | undefined> {
  const ways: Direct[] = addresses.map((host) => ({ via: "loadbalancer", host, port }));
  if (addressReachable && nodePort > 0) ways.push({ via: "nodeport", host: address, port: nodePort });
  for (const way of ways) if (await staysOpen(way.host, way.port, 0)) return way;
  return undefined;
}

/** Whether a connection is made, and not ended by the other side within that time (ms). */
function staysOpen(host: string, port: number, forMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectTcp({ host, port, timeout: connectMs });
    const end = (is: boolean): void => {
      socket.destroy();
      resolve(is);
    };
    socket.once("error", () => end(false));
    socket.once("timeout", () => end(false));
    socket.once("close", () => end(false));
    socket.once("connect", () => {
      socket.setTimeout(0);
      // A greeting is an answer, too.
      socket.once("data", () => end(true));
      void sleep(forMs).then(() => end(true));
    });
  });
}

async function forwardWay(
  { service, port }: Wanted,
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
  { service, port }: Wanted,
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

const tlsPorts = [443, 8443];

/** https where the port says so and really answers a TLS greeting. */
async function protocolOf(
  { name, port, appProtocol }: ServicePort,
  https: boolean,
  host: string,
  number: number,
): Promise<"http" | "https"> {
  const isSaid =
    https || name.startsWith("https") || appProtocol.toLowerCase() === "https" || tlsPorts.includes(port);
  return isSaid && (await speaksTls(host, number)) ? "https" : "http";
}

function speaksTls(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    // Whose certificate it is, is the browser's question.
    const socket = connectTls({ host, port, rejectUnauthorized: false, timeout: 2 * connectMs });
    const end = (is: boolean): void => {
      socket.destroy();
      resolve(is);
    };
    socket.once("secureConnect", () => end(true));
    for (const event of ["error", "timeout", "close"]) socket.once(event, () => end(false));
  });
}

/** Below it only root may listen, on most hosts. */
const firstOpenPort = 1024;

/** Which port of 127.0.0.1 leads to a Service, kept between calls so that bookmarks stay right. */
class LocalPorts {
  readonly #context: UseCaseContext;
  readonly #file: string;
  readonly #name: string;
  readonly #taken = new Set<number>();

  constructor(context: UseCaseContext, name: string) {
    this.#context = context;
    this.#name = name;
    this.#file = clusterPaths(context.host, name).servicePorts;
  }

  /** The last one, the Service's own where a user may listen on it, or another, in this order, whichever is free. */
  async portFor(place: string, own: number): Promise<number> {
    const known = await this.#read();
    const last = known[place];
    const wishes = [...(last === undefined ? [] : [last]), ...(own >= firstOpenPort ? [own] : [])];
    let port = 0;
    for (const wish of wishes)
      if (port === 0 && !this.#taken.has(wish) && (await isPortFree(wish))) port = wish;
    if (port === 0) {
      const others = new Set([...this.#taken, ...Object.values(known)]);
      const request = [{ name: "service", hostPort: 0 }] as const;
      port = (await choosePorts(`${this.#name} ${place}`, request, others)).service;
    }
    this.#taken.add(port);
    if (port !== last) await writePrivateFile(this.#file, `${JSON.stringify({ ...known, [place]: port })}\n`);
    return port;
  }

  async #read(): Promise<Readonly<Record<string, number>>> {
    try {
      return JSON.parse(await readFile(this.#file, "utf8")) as Readonly<Record<string, number>>;
    } catch (error) {
      // Nothing but convenience is lost.
      this.#context.log(`no remembered ports: ${String(error)}`);
      return {};
    }
  }
}
