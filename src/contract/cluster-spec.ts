/** What the user asked for, validated once; the same content as `localkube.yaml`. Plain JSON, stored in the profile. */

export const components = [
  "kubelet",
  "apiserver",
  "controller-manager",
  "scheduler",
  "proxy",
  "etcd",
] as const;
export type Component = (typeof components)[number];

/** What `--wait` can wait for, in the order in which they become true. */
export const waitTargets = ["apiserver", "node", "system-pods", "dns"] as const;
export type WaitTarget = (typeof waitTargets)[number];

export interface ClusterSpec {
  readonly apiVersion: "localkube/v1";
  readonly kind: "Cluster";
  /** Profile name: DNS label, 1 to 40 characters. */
  readonly name: string;
  /** A driver's name or `auto`. */
  readonly driver: string;
  /** The driver's own options, only those that were given; see `DriverOption`. */
  readonly driverOptions: Readonly<Record<string, string>>;
  /** A runtime's name; `cri` = the default CRI runtime. */
  readonly runtime: string;
  /** `v1.36.5`; empty = the newest stable one that the artifacts offer. */
  readonly kubernetesVersion: string;
  readonly artifacts: "auto" | "upstream" | "debian";
  /** Folder or http(s) URL of a mirror tree; empty = none. */
  readonly mirror: string;
  readonly cpus: number;
  readonly memoryMiB: number;
  /** Size of a virtual machine's disk, GiB; containers use the host's. */
  readonly diskGiB: number;
  /** Disk image of a virtual machine: the user's own, an absolute path; empty = the one that is built from the Debian archive. */
  readonly image: string;
  /** `bridge`, `none` or the path of a CNI conflist or a manifest. */
  readonly cni: string;
  readonly serviceCidr: string;
  readonly podCidr: string;
  readonly extraConfig: Readonly<Partial<Record<Component, Readonly<Record<string, string>>>>>;
  readonly featureGates: Readonly<Record<string, boolean>>;
  readonly apiServer: {
    readonly names: readonly string[];
    readonly ips: readonly string[];
    /** Port of the host (127.0.0.1) on which the API answers; 0 = a free one, kept for the cluster's life. */
    readonly port: number;
    /** Where no driver forwards the API to this computer: through the SSH connection; otherwise at the machine's own address. */
    readonly overSsh: boolean;
  };
  /** Empty = wait for nothing. */
  readonly wait: readonly WaitTarget[];
  readonly waitTimeoutSeconds: number;
  readonly keepContext: boolean;
  readonly embedCerts: boolean;
}
