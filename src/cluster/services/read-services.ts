import type { ApiClient, KubeObject } from "../../kube/api-client.ts";

export interface ServicePort {
  /** Empty where the Service has only one. */
  readonly name: string;
  readonly port: number;
  readonly protocol: string;
  /** 0: the nodes answer on none. */
  readonly nodePort: number;
  /** What the port's users speak, as its owner says; empty: unsaid. */
  readonly appProtocol: string;
}

export interface FoundService {
  readonly namespace: string;
  readonly name: string;
  readonly type: string;
  /** Empty for a headless Service and for a name of another one. */
  readonly clusterIP: string;
  readonly ports: readonly ServicePort[];
  /** Addresses that a load balancer gave it. */
  readonly addresses: readonly string[];
  /** Ready endpoints; undefined where nobody selects them and nobody wrote any. */
  readonly ready: number;
  /** Labels of its pods; empty: somebody else writes its endpoints. */
  readonly selector: Readonly<Record<string, string>>;
}

interface ServiceObject extends KubeObject {
  readonly spec: {
    readonly type?: string;
    readonly clusterIP?: string;
    readonly selector?: Readonly<Record<string, string>>;
    readonly ports?: readonly {
      readonly name?: string;
      readonly port: number;
      readonly protocol?: string;
      readonly nodePort?: number;
      readonly appProtocol?: string;
    }[];
  };
  readonly status?: { readonly loadBalancer?: { readonly ingress?: readonly { readonly ip?: string }[] } };
}

interface SliceList {
  readonly items: readonly {
    readonly metadata: { readonly namespace: string; readonly labels?: Readonly<Record<string, string>> };
    readonly endpoints?:
      | readonly {
          readonly addresses: readonly string[];
          readonly conditions?: { readonly ready?: boolean | null };
        }[]
      | null;
  }[];
}

interface EndpointsList {
  readonly items: readonly {
    readonly metadata: { readonly namespace: string; readonly name: string };
    readonly subsets?: readonly { readonly addresses?: readonly { readonly ip: string }[] | null }[] | null;
  }[];
}

type Asking = Pick<ApiClient, "get">;

/**
 * The Services of a namespace, or of all, by namespace and name, with the number of endpoints that are ready. Kubernetes' own, `default/kubernetes`, is among them. Read-only. Rejects with
 * API_UNREACHABLE or API_REFUSED.
 */
export async function readServices(
  namespace: string | undefined,
  api: Asking,
  signal: AbortSignal,
): Promise<readonly FoundService[]> {
  const within = namespace === undefined ? "" : `/namespaces/${namespace}`;
  const [services, ready] = await Promise.all([
    api.get<{ readonly items: readonly ServiceObject[] }>(`/api/v1${within}/services`, { signal }),
    readyAddresses(within, api, signal),
  ]);
  return (services?.items ?? [])
    .map((one) => found(one, ready))
    .sort((a, b) => (placeOf(a) < placeOf(b) ? -1 : 1));
}

/** `default/web` */
export const placeOf = ({ namespace, name }: Pick<FoundService, "namespace" | "name">): string =>
  `${namespace}/${name}`;

function found({ metadata, spec, status }: ServiceObject, ready: ReadonlyMap<string, number>): FoundService {
  const { name, namespace = "default" } = metadata;
  const { type = "ClusterIP", clusterIP = "", selector = {}, ports = [] } = spec;
  return {
    ...{ namespace, name, type, selector },
    clusterIP: clusterIP === "None" || type === "ExternalName" ? "" : clusterIP,
    ports: ports.map((one) => ({
      name: one.name ?? "",
      port: one.port,
      protocol: one.protocol ?? "TCP",
      nodePort: one.nodePort ?? 0,
      appProtocol: one.appProtocol ?? "",
    })),
    addresses: (status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => ip ?? []),
    ready: ready.get(placeOf({ namespace, name })) ?? 0,
  };
}

/** By Service. From slices, which are served from 1.21; before that from the objects that have all of them. */
async function readyAddresses(
  within: string,
  api: Asking,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number>> {
  const all = new Map<string, Set<string>>();
  const add = (place: string, addresses: readonly string[]): void => {
    const known = all.get(place) ?? new Set();
    for (const one of addresses) known.add(one);
    all.set(place, known);
  };
  const slices = await api.get<SliceList>(`/apis/discovery.k8s.io/v1${within}/endpointslices`, { signal });
  for (const { metadata, endpoints } of slices?.items ?? []) {
    const name = metadata.labels?.["kubernetes.io/service-name"];
    // An endpoint that says nothing of itself is to be taken as ready.
    const ready = (endpoints ?? []).filter(({ conditions }) => conditions?.ready !== false);
    if (name !== undefined)
      add(
        placeOf({ namespace: metadata.namespace, name }),
        ready.flatMap(({ addresses }) => addresses),
      );
  }
  if (!slices) {
    const list = await api.get<EndpointsList>(`/api/v1${within}/endpoints`, { signal });
    for (const { metadata, subsets } of list?.items ?? [])
      add(
        placeOf(metadata),
        (subsets ?? []).flatMap(({ addresses }) => (addresses ?? []).map(({ ip }) => ip)),
      );
  }
  return new Map([...all].map(([place, addresses]) => [place, addresses.size]));
}
