/**
 * Since which minor of Kubernetes a kind is served in a version, and until before which one, of those that addons may use: by the release notes and the
 * guide of deprecated APIs. Minors before 1.20 are left out.
 */
type Range = readonly [from?: number | undefined, below?: number];

const always: Range = [];

const served: Readonly<Record<string, Readonly<Record<string, Range>>>> = {
  v1: {
    ConfigMap: always,
    Endpoints: always,
    LimitRange: always,
    Namespace: always,
    PersistentVolume: always,
    PersistentVolumeClaim: always,
    Pod: always,
    ResourceQuota: always,
    Secret: always,
    Service: always,
    ServiceAccount: always,
  },
  "admissionregistration.k8s.io/v1": {
    MutatingWebhookConfiguration: always,
    ValidatingWebhookConfiguration: always,
    ValidatingAdmissionPolicy: [30],
    ValidatingAdmissionPolicyBinding: [30],
  },
  "apiextensions.k8s.io/v1": { CustomResourceDefinition: always },
  "apiregistration.k8s.io/v1": { APIService: always },
  "apps/v1": { DaemonSet: always, Deployment: always, ReplicaSet: always, StatefulSet: always },
  "autoscaling/v1": { HorizontalPodAutoscaler: always },
  "autoscaling/v2": { HorizontalPodAutoscaler: [23] },
  "autoscaling/v2beta2": { HorizontalPodAutoscaler: [undefined, 26] },
  "batch/v1": { CronJob: [21], Job: always },
  "batch/v1beta1": { CronJob: [undefined, 25] },
  "coordination.k8s.io/v1": { Lease: always },
  "discovery.k8s.io/v1": { EndpointSlice: [21] },
  "discovery.k8s.io/v1beta1": { EndpointSlice: [undefined, 25] },
  "networking.k8s.io/v1": { Ingress: always, IngressClass: always, NetworkPolicy: always },
  "networking.k8s.io/v1beta1": { Ingress: [undefined, 22], IngressClass: [undefined, 22] },
  "node.k8s.io/v1": { RuntimeClass: always },
  "policy/v1": { PodDisruptionBudget: [21] },
  "policy/v1beta1": { PodDisruptionBudget: [undefined, 25], PodSecurityPolicy: [undefined, 25] },
  "rbac.authorization.k8s.io/v1": {
    ClusterRole: always,
    ClusterRoleBinding: always,
    Role: always,
    RoleBinding: always,
  },
  "scheduling.k8s.io/v1": { PriorityClass: always },
  "storage.k8s.io/v1": { CSIDriver: always, CSIStorageCapacity: [24], StorageClass: always },
  "storage.k8s.io/v1beta1": { CSIStorageCapacity: [21, 27] },
};

/** Kinds of Kubernetes that are in no namespace. */
const clusterWide = new Set([
  ...["ClusterRole", "ClusterRoleBinding", "CSIDriver", "CustomResourceDefinition", "APIService"],
  ...["IngressClass", "MutatingWebhookConfiguration", "Namespace", "PersistentVolume", "PodSecurityPolicy"],
  ...["PriorityClass", "RuntimeClass", "StorageClass", "ValidatingAdmissionPolicy"],
  ...["ValidatingAdmissionPolicyBinding", "ValidatingWebhookConfiguration"],
]);

/** Whether the API group is one of Kubernetes itself; every other one has to be defined by somebody. */
export const isOwnGroup = (apiVersion: string): boolean => apiVersion in served;

/** Undefined when no minor is known to serve it. */
export function isServed({ apiVersion, kind }: { apiVersion: string; kind: string }, minor: number): boolean {
  const range = served[apiVersion]?.[kind];
  if (!range) return false;
  const [from = 0, below = Infinity] = range;
  return from <= minor && minor < below;
}

export const isClusterWide = (kind: string): boolean => clusterWide.has(kind);
