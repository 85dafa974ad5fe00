import type { KubeObject } from "../kube/api-client.ts";

/** In the order in which they are applied; each has to be there before the next. The reverse, without data, is the order in which they are removed. */
export const waveNames = [
  "namespaces",
  "definitions",
  "settings",
  "workloads",
  "hooks",
  "resources",
] as const;
export type WaveName = (typeof waveNames)[number];

/** Kinds of Kubernetes itself by their wave; every other one is a custom resource. Groups as in `apiVersion`, without version. */
const kinds: Readonly<Record<Exclude<WaveName, "resources">, readonly string[]>> = {
  namespaces: ["/Namespace"],
  definitions: ["apiextensions.k8s.io/CustomResourceDefinition"],
  settings: [
    ...[
      "/ServiceAccount",
      "/ConfigMap",
      "/Secret",
      "/Service",
      "/PersistentVolume",
      "/PersistentVolumeClaim",
    ],
    ...["/ResourceQuota", "/LimitRange", "/Endpoints", "discovery.k8s.io/EndpointSlice"],
    ...["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"].map(
      (kind) => `rbac.authorization.k8s.io/${kind}`,
    ),
    ...["StorageClass", "CSIDriver"].map((kind) => `storage.k8s.io/${kind}`),
    ...["IngressClass", "NetworkPolicy"].map((kind) => `networking.k8s.io/${kind}`),
    ...["scheduling.k8s.io/PriorityClass", "node.k8s.io/RuntimeClass", "policy/PodSecurityPolicy"],
  ],
  workloads: [
    ...["Deployment", "DaemonSet", "StatefulSet", "ReplicaSet"].map((kind) => `apps/${kind}`),
    ...["/Pod", "/ReplicationController", "batch/Job", "batch/CronJob", "policy/PodDisruptionBudget"],
    "autoscaling/HorizontalPodAutoscaler",
    // Served by a controller of the workloads.
    "networking.k8s.io/Ingress",
  ],
  hooks: [
    "apiregistration.k8s.io/APIService",
    ...["ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"].map(
      (kind) => `admissionregistration.k8s.io/${kind}`,
    ),
    ...["ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"].map(
      (kind) => `admissionregistration.k8s.io/${kind}`,
    ),
  ],
};

const waveOfKind = new Map(
  Object.entries(kinds).flatMap(([wave, list]) => list.map((kind) => [kind, wave as WaveName] as const)),
);

/** `apps` of `apps/v1`; empty for the core. Pure. */
export const groupOf = (apiVersion: string): string =>
  apiVersion.includes("/") ? apiVersion.split("/")[0]! : "";

/** Pure. */
export const waveOf = ({ apiVersion, kind }: Pick<KubeObject, "apiVersion" | "kind">): WaveName =>
  waveOfKind.get(`${groupOf(apiVersion)}/${kind}`) ?? "resources";

/** Objects by wave, without empty ones; within a wave in the order given. Pure. */
export function inWaves<T extends Pick<KubeObject, "apiVersion" | "kind">>(
  objects: readonly T[],
): readonly { readonly wave: WaveName; readonly objects: readonly T[] }[] {
  return waveNames
    .map((wave) => ({ wave, objects: objects.filter((object) => waveOf(object) === wave) }))
    .filter((part) => part.objects.length > 0);
}
