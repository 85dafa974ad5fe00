/**
 * What a cluster's nodes run, listed once: the other lists (units, flags, digests, logs, `--extra-config`) are made from these. The order is the one
 * in which a release builds and documents them.
 */
export const kubernetesComponents = [
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kubelet",
  "kube-proxy",
] as const;
/** A program of a Kubernetes release that runs as a unit of its own. */
export type KubernetesComponent = (typeof kubernetesComponents)[number];

/** Every program of a Kubernetes release that a cluster needs. */
export const kubernetesPrograms = [...kubernetesComponents, "kubectl"] as const;
export type KubernetesProgram = (typeof kubernetesPrograms)[number];
