import { troubleOf } from "../../addons/pod-trouble.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import { didYouMean } from "../../host/nearest-word.ts";
import { poll } from "../../host/poll.ts";
import type { ApiClient } from "../../kube/api-client.ts";
import { notice, type UseCaseContext } from "../access/use-case.ts";
import { type FoundService, placeOf, readServices, type ServicePort } from "./read-services.ts";

const everyMs = 500;
/** Whoever waits for longer is told for what. */
const tellAfterMs = 2000;

export interface WantedPort {
  readonly service: FoundService;
  readonly port: ServicePort;
}

export interface ServiceWish {
  readonly namespace: string;
  /** As given, `web` or `web:http`; empty: all of the namespace that have an address. */
  readonly services: readonly string[];
  /** Milliseconds until the last of them answers. */
  readonly limitMs: number;
  /** Also for a Service that is not there yet. */
  readonly waitsForExistence: boolean;
}

/**
 * The TCP ports that are meant, once each has a ready endpoint. Read-only. Rejects with SERVICE_UNKNOWN, SERVICE_PORT_UNKNOWN, SERVICE_NOT_TCP, or SERVICE_NOT_READY with what keeps its
 * pods from being ready.
 */
export async function wantedPorts(
  request: ServiceWish,
  api: ApiClient,
  context: UseCaseContext,
): Promise<readonly WantedPort[]> {
  const { namespace, services, limitMs, waitsForExistence } = request;
  const begun = performance.now();
  let lacking: FoundService | undefined;
  let told = false;
  const look = async (): Promise<readonly WantedPort[] | undefined> => {
    const all = await readServices(namespace, api, context.signal);
    let found: readonly WantedPort[];
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
const everyPort = (all: readonly FoundService[]): readonly WantedPort[] =>
  all
    .filter((service) => service.clusterIP !== "" && service.ready > 0)
    .filter((service) => placeOf(service) !== "default/kubernetes")
    .flatMap((service) => tcpPorts(service).map((port) => ({ service, port })));

const tcpPorts = ({ ports }: FoundService): readonly ServicePort[] =>
  ports.filter(({ protocol }) => protocol === "TCP");

function named(wanted: string, namespace: string, all: readonly FoundService[]): readonly WantedPort[] {
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
    `/api/v1/namespaces/${namespace}/pods?${query.toString()}`,
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
