/**
 * What a cluster's nodes run, listed once: the lists of units, flags, digests, logs, the keys of `--extra-config` and what is built from Debian's source
 * are made from these. The container runtime is not among them; its definition names its unit. The order is that of logs and documents.
 */
const ofControlPlane = ["kube-apiserver", "kube-controller-manager", "kube-scheduler"] as const;
const ofEveryNode = ["kubelet", "kube-proxy"] as const;

/** The programs of a Kubernetes release that run as units of their own. */
export const kubernetesComponents = [...ofControlPlane, ...ofEveryNode] as const;
export type KubernetesComponent = (typeof kubernetesComponents)[number];

/** Every program of a Kubernetes release that a cluster needs. */
export const kubernetesPrograms = [...kubernetesComponents, "kubectl"] as const;
export type KubernetesProgram = (typeof kubernetesPrograms)[number];

/** Units that only a control plane runs. */
export const controlPlaneComponents = ["etcd", ...ofControlPlane] as const;
/** All units of a control plane, which runs pods too. */
export const nodeComponents = [...controlPlaneComponents, ...ofEveryNode] as const;

type Short<Name> = Name extends `kube-${infer Rest}` ? Rest : Name;

/** A component as users call it in `--extra-config` and for logs: `apiserver`, `kubelet`. */
export type Component = Short<(typeof nodeComponents)[number]>;

export const shortName = (component: (typeof nodeComponents)[number]): Component =>
  component.replace(/^kube-/, "") as Component;

/** The keys of `--extra-config`, the most used one first. */
export const components: readonly Component[] = [
  "kubelet",
  ...[...kubernetesComponents, "etcd" as const].map(shortName).filter((name) => name !== "kubelet"),
];
