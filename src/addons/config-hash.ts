import { createHash } from "node:crypto";
import type { KubeObject } from "../kube/api-client.ts";
import { groupOf } from "./waves.ts";

/** On pod templates: over what pods are told by ConfigMaps and Secrets of the addon. */
const configHash = "localkube.dev/config-hash";

const workloads = ["Deployment", "DaemonSet", "StatefulSet"];

interface Named {
  readonly name?: string;
}

/** What of a container speaks of ConfigMaps and Secrets. */
interface Container {
  readonly env?: readonly {
    readonly valueFrom?: { readonly configMapKeyRef?: Named; readonly secretKeyRef?: Named };
  }[];
  readonly envFrom?: readonly { readonly configMapRef?: Named; readonly secretRef?: Named }[];
}

interface Source {
  readonly configMap?: Named;
  readonly secret?: Named & { readonly secretName?: string };
}

interface PodSpec {
  readonly containers?: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly volumes?: readonly (Source & { readonly projected?: { readonly sources?: readonly Source[] } })[];
}

interface Template {
  readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> };
  readonly spec?: PodSpec;
}

/**
 * Objects whose pods are replaced when a ConfigMap or Secret of the addon that they use has other content: Kubernetes itself replaces them only when their template changes, and most programs
 * read their configuration once. `masked` are the same objects without secrets, in the same order: anybody who may see pods sees the hash. Pure.
 */
export function withConfigHashes(
  objects: readonly KubeObject[],
  masked: readonly KubeObject[],
): readonly KubeObject[] {
  const contents = new Map(masked.map((object) => [keyOf(object), contentOf(object)]));
  return objects.map((object) => {
    const { template, ...spec } = (object["spec"] ?? {}) as { readonly template?: Template };
    const isWorkload = groupOf(object.apiVersion) === "apps" && workloads.includes(object.kind);
    if (!isWorkload || !template) return object;
    const { namespace } = object.metadata;
    const used = [...namesIn(template.spec ?? {})].sort().flatMap(([kind, name]) => {
      const content = contents.get(keyOf({ kind, metadata: { name, namespace } }));
      return content === undefined ? [] : [content];
    });
    if (used.length === 0) return object;
    const hash = createHash("sha256").update(JSON.stringify(used)).digest("hex").slice(0, 16);
    const annotations = { ...template.metadata?.annotations, [configHash]: hash };
    return {
      ...object,
      spec: { ...spec, template: { ...template, metadata: { ...template.metadata, annotations } } },
    };
  });
}

const keyOf = ({
  kind,
  metadata: { name, namespace = "default" },
}: {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string | undefined };
}): string => `${kind}/${namespace}/${name}`;

/** Without what pods are not told: labels, for instance. */
const contentOf = ({ kind, metadata, data, binaryData, stringData }: KubeObject): unknown => [
  ...[kind, metadata.name],
  ...[data ?? {}, binaryData ?? {}, stringData ?? {}],
];

/** ConfigMaps and Secrets that pods of a template use, each as kind and name. */
function namesIn({
  containers = [],
  initContainers = [],
  volumes = [],
}: PodSpec): readonly [string, string][] {
  const all = [...initContainers, ...containers];
  const variables = all.flatMap(({ env = [] }) => env.map(({ valueFrom }) => valueFrom));
  const sources = volumes.flatMap(({ projected, ...source }) => [source, ...(projected?.sources ?? [])]);
  const maps = [
    ...variables.map((from) => from?.configMapKeyRef?.name),
    ...all.flatMap(({ envFrom = [] }) => envFrom.map(({ configMapRef }) => configMapRef?.name)),
    ...sources.map(({ configMap }) => configMap?.name),
  ];
  const secrets = [
    ...variables.map((from) => from?.secretKeyRef?.name),
    ...all.flatMap(({ envFrom = [] }) => envFrom.map(({ secretRef }) => secretRef?.name)),
    ...sources.map(({ secret }) => secret?.secretName ?? secret?.name),
  ];
  const named = (kind: string, names: readonly (string | undefined)[]): readonly [string, string][] =>
    [...new Set(names)].flatMap((name) => (name === undefined ? [] : [[kind, name] as [string, string]]));
  return [...named("ConfigMap", maps), ...named("Secret", secrets)];
}
