import { catalogueEntry } from "../../artifacts/catalogue/catalogue-entry.ts";
import { flagState, kubeletConfigHas } from "../../artifacts/catalogue/flags.ts";
import type { ClusterNode } from "../../contract/node.ts";
import { guestPaths } from "../../provision/node/guest-paths.ts";
import type { NodeInput } from "../../provision/node/node-input.ts";
import type { CertificateInput } from "../../provision/pki/certificate-plan.ts";
import { resolvePrograms } from "../../provision/programs/resolve-programs.ts";
import { ociRuntimesByName } from "../../runtimes/oci/registry.ts";
import { withAddonFlags } from "../addons/node-parts.ts";
import { type ClusterState, need, type NodeState } from "./state.ts";

/** First minor whose kubelet reports readiness by itself (kubelet.go, fastStatusUpdateOnce); one more than the one we are sure of. */
const readyAtOnceSince = 28;

export const clusterDomain = "cluster.local";

const clusterNodes = ({ nodes }: ClusterState): readonly ClusterNode[] =>
  nodes.map((node) => ({ name: node.name, role: node.role, address: need(node, "machine").address }));

export function certificateInput(s: ClusterState): CertificateInput {
  const { spec, addresses } = s.record;
  return {
    nodes: clusterNodes(s),
    serviceAddress: addresses.kubernetesService,
    clusterDomain,
    extraNames: spec.apiServer.names,
    extraIps: spec.apiServer.ips,
  };
}

export function nodeInput(s: NodeState): NodeInput {
  const { cluster } = s;
  const { spec, addresses, kubernetesVersion } = cluster.record;
  const entry = catalogueEntry(kubernetesVersion);
  const artifacts = need(cluster, "artifacts");
  const facts = need(s, "facts");
  const nodes = clusterNodes(cluster);
  const node = nodes.find(({ name }) => name === s.name)!;
  const network = need(s, "network");
  const foreignNetwork = network.kind === "none" || network.kind === "manifest";
  return {
    spec: { ...spec, extraConfig: withAddonFlags(spec.extraConfig, cluster.addonParts) },
    nodes,
    node,
    version: {
      flagState: (program, flag) => flagState(program, flag, kubernetesVersion),
      kubeletConfigHas: (field) => kubeletConfigHas(field, kubernetesVersion),
      kubeletReportsReadyAtOnce: entry.minor >= readyAtOnceSince,
    },
    artifacts,
    certificates: need(cluster, "certificates"),
    facts,
    programs: resolvePrograms(
      facts,
      artifacts,
      { ...entry, runtime: cluster.runtime },
      {
        foreignNetwork,
        profile: spec.name,
        ...(network.kind === "present" && { needsPlugins: false }),
        ...(cluster.runtime.foreign && {
          pluginFolder: s.server?.settings.cniBinDir ?? guestPaths.cniBin,
        }),
      },
    ),
    network,
    runtime: cluster.runtime,
    ociRuntimes: ociRuntimesByName(spec.ociRuntimes),
    clusterDomain,
    dnsAddress: addresses.clusterDns,
    machine: s.definition.capabilities,
    cgroupDriver: s.server?.cgroupDriver ?? "systemd",
    registryAccess: cluster.registryAccess,
  };
}
