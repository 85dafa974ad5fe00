import type { ArtifactSet } from "../../contract/artifact.ts";
import type { KubernetesComponent } from "../../contract/components.ts";
import type { ClusterSpec } from "../../spec/fields.ts";
import type { DriverCapabilities } from "../../contract/driver.ts";
import type { ClusterNode } from "../../contract/node.ts";
import type { OciRuntime, Registry, Runtime } from "../../contract/runtime.ts";
import type { RegistryLogin } from "../../host/registry-login.ts";
import type { GuestFacts } from "../guest/guest-facts.ts";
import type { PodNetwork } from "../network/pod-network.ts";
import type { CertificateSet } from "../pki/ensure-certificates.ts";
import type { ResolvedPrograms } from "../programs/resolve-programs.ts";

/** What the catalogue knows of one Kubernetes version, as far as rendering needs it. */
export interface VersionFacts {
  /** Whether the program accepts the flag; `unknown` = no evidence either way for this version. */
  readonly flagState: (program: KubernetesComponent, flag: string) => "present" | "absent" | "unknown";
  /** Whether the KubeletConfiguration of this version knows the field. */
  kubeletConfigHas(field: string): boolean;
  /** Whether a starting kubelet checks at once, and not only at its next regular check, whether its node is ready. */
  readonly kubeletReportsReadyAtOnce: boolean;
}

/** How the nodes of a cluster reach image registries, as it was read on this host for one start. Contains secrets: it is never stored. */
export interface RegistryAccess {
  /** Sorted by name. */
  readonly registries: readonly Registry[];
  readonly logins: readonly RegistryLogin[];
  /** HTTP_PROXY and HTTPS_PROXY for the nodes, and what NO_PROXY says here; empty without a proxy. */
  readonly proxy: Readonly<Partial<Record<"HTTP_PROXY" | "HTTPS_PROXY" | "NO_PROXY", string>>>;
}

/** Everything from which the files of a node are rendered: no effect, no clock, no randomness beyond it. */
export interface NodeInput {
  readonly spec: ClusterSpec;
  /** All nodes of the cluster; the first is a control plane. */
  readonly nodes: readonly ClusterNode[];
  /** The one of `nodes` that is rendered. */
  readonly node: ClusterNode;
  readonly version: VersionFacts;
  readonly artifacts: ArtifactSet;
  readonly certificates: CertificateSet;
  readonly facts: GuestFacts;
  readonly programs: ResolvedPrograms;
  readonly network: PodNetwork;
  readonly runtime: Runtime;
  /** Beside runc; their programs are among the runtime's. */
  readonly ociRuntimes: readonly OciRuntime[];
  readonly clusterDomain: string;
  /** Address of the cluster's DNS: the tenth of the service CIDR. */
  readonly dnsAddress: string;
  /** Of the driver that created the machine. */
  readonly machine: Pick<DriverCapabilities, "origin" | "resources">;
  readonly cgroupDriver: "systemd" | "cgroupfs";
  readonly registryAccess: RegistryAccess;
}
