import { catalogueEntry } from "../../artifacts/catalogue/catalogue-entry.ts";
import { flagState } from "../../artifacts/catalogue/flags.ts";
import { kubeletConfigHas } from "../../artifacts/catalogue/kubelet-config-fields.ts";
import type { NodeInput } from "../../provision/node/node-input.ts";
import type { CertificateInput } from "../../provision/pki/certificate-plan.ts";
import { resolvePrograms } from "../../provision/programs/resolve-programs.ts";
import { type ClusterState, firstNode, need, type NodeState } from "./state.ts";

/** First minor whose kubelet tells of its readiness by itself (kubelet.go, fastStatusUpdateOnce); one more than we are sure of. */
const readyAtOnceSince = 28;

export const clusterDomain = "cluster.local";

export function certificateInput(s: ClusterState): CertificateInput {
  const { spec, addresses } = s.record;
  const node = firstNode(s);
  return {
    nodeName: node.name,
    nodeAddress: need(node, "machine").address,
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
  const network = need(s, "network");
  const foreignNetwork = network.kind === "none" || network.kind === "manifest";
  return {
    spec,
    nodeName: s.name,
    nodeAddress: need(s, "machine").address,
    version: {
      flagState: (program, flag) => flagState(program, flag, kubernetesVersion),
      kubeletConfigHas: (field) => kubeletConfigHas(field, kubernetesVersion),
      kubeletReportsReadyAtOnce: entry.minor >= readyAtOnceSince,
    },
    artifacts,
    certificates: need(cluster, "certificates"),
    facts,
    programs: resolvePrograms(facts, artifacts, entry, { foreignNetwork, profile: spec.name }),
    network,
    runtime: cluster.runtime,
    clusterDomain,
    serviceAddress: addresses.kubernetesService,
    dnsAddress: addresses.clusterDns,
    machine: s.definition.capabilities,
    cgroupDriver: "systemd",
  };
}
