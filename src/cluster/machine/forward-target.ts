import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { ApiClient } from "../../kube/api-client.ts";

/** An address as the node sees it. */
export interface Forwardable {
  readonly host: string;
  readonly port: number;
}

interface ServicePort {
  readonly name?: string;
  readonly port: number;
  readonly protocol?: string;
}

interface ServiceSpec {
  readonly clusterIP?: string;
  readonly ports?: readonly ServicePort[];
}

/** `30080` = that port of the node; `web`, `service/web`, `svc/web:http`, `web:80` = a Service, by default its only port. */
const shape =
  /^(?:(?<node>\d{1,5})|(?:service\/|svc\/)?(?<service>[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?)(?::(?<port>[a-z0-9-]+))?)$/;

/**
 * Resolves the target. Rejects with FORWARD_TARGET_INVALID, SERVICE_UNKNOWN, or SERVICE_PORT_UNKNOWN naming the existing ports. A Service
 * without an address (headless, ExternalName) has no port to forward to.
 */
export async function forwardTarget(
  target: string,
  namespace: string,
  nodeAddress: string,
  api: Pick<ApiClient, "send">,
  signal: AbortSignal,
): Promise<Forwardable> {
  const { node, service = "", port } = shape.exec(target)?.groups ?? {};
  if (node !== undefined && Number(node) >= 1 && Number(node) <= 65_535)
    return { host: nodeAddress, port: Number(node) };
  if (service === "" || !/^[a-z0-9-]+$/.test(namespace))
    throw new LocalkubeError("FORWARD_TARGET_INVALID", { target });
  const path = `/api/v1/namespaces/${namespace}/services/${service}`;
  const { status, body } = await api.send(path, { signal });
  if (status === 404) throw new LocalkubeError("SERVICE_UNKNOWN", { service, namespace });
  if (status !== 200) throw new LocalkubeError("API_REFUSED", { method: "GET", path, status });
  return inService(service, (JSON.parse(body) as { spec: ServiceSpec }).spec, port);
}

function inService(
  service: string,
  { clusterIP = "None", ports = [] }: ServiceSpec,
  wanted?: string,
): Forwardable {
  const known = clusterIP === "None" || clusterIP === "" ? [] : ports.filter(isTcp);
  const fitting =
    wanted === undefined
      ? known
      : known.filter(({ name, port }) => wanted === name || wanted === String(port));
  const [chosen, ...others] = fitting;
  if (chosen && others.length === 0) return { host: clusterIP, port: chosen.port };
  const names = known.map(({ name, port }) => name ?? String(port)).join(", ");
  throw new LocalkubeError("SERVICE_PORT_UNKNOWN", { service, known: names || "none with an address" });
}

const isTcp = ({ protocol = "TCP" }: ServicePort): boolean => protocol === "TCP";
