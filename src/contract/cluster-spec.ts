import type { Component } from "./components.ts";

/** The user's request, validated once; the same content as `localkube.yaml`. Plain JSON, stored in the profile. */

/** What `--wait` can wait for, in the order in which they become true. */
export const waitTargets = ["apiserver", "node", "system-pods", "dns"] as const;
export type WaitTarget = (typeof waitTargets)[number];

/** Operating systems that a virtual machine's disk may contain. */
export const operatingSystems = ["debian", "flatcar"] as const;

export interface ClusterSpec {
  readonly apiVersion: "localkube/v1";
  readonly kind: "Cluster";
  /** Profile name: DNS label, 1 to 40 characters. */
  readonly name: string;
  /** A driver name or `auto`. */
  readonly driver: string;
  /** The driver's own options, only those that were given; see `DriverOption`. */
  readonly driverOptions: Readonly<Record<string, string>>;
  /** A runtime name; `cri` = the default CRI runtime. */
  readonly runtime: string;
  /** `v1.36.5`; empty = the newest stable version that the artifacts offer. */
  readonly kubernetesVersion: string;
  readonly artifacts: "auto" | "upstream" | "debian";
  /** Folder or http(s) URL of a mirror tree; empty = none. */
  readonly mirror: string;
  readonly cpus: number;
  readonly memoryMiB: number;
  /** Size of a virtual machine's disk in GiB; containers use the host's disk. */
  readonly diskGiB: number;
  /** What a virtual machine's disk contains, which also decides who reads the seed: cloud-init (debian) or Ignition (flatcar). */
  readonly os: (typeof operatingSystems)[number];
  /**
   * Disk image of a virtual machine: the user's own, an absolute path or an http(s) address, which may end in `#sha256=<hex>`; `upstream` =
   * the one published by the system's vendor; empty = with Debian the one that is built from its archive, else `upstream`.
   */
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
    /** Port on the host (127.0.0.1) where the API is served; 0 = a free one, kept for the cluster's life. */
    readonly port: number;
    /** Where no driver forwards the API to this computer: true = through the SSH connection, false = at the machine's own address. */
    readonly overSsh: boolean;
  };
  /** Empty = wait for nothing. */
  readonly wait: readonly WaitTarget[];
  readonly waitTimeoutSeconds: number;
  readonly keepContext: boolean;
  readonly embedCerts: boolean;
}
