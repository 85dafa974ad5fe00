import { catalogueEntry } from "../../artifacts/catalogue/catalogue-entry.ts";
import { flagState } from "../../artifacts/catalogue/flags.ts";
import { kubeletConfigHas } from "../../artifacts/catalogue/kubelet-config-fields.ts";
import type { NodeInput } from "../../provision/node/node-input.ts";
import type { CertificateInput } from "../../provision/pki/certificate-plan.ts";
import { resolvePrograms } from "../../provision/programs/resolve-programs.ts";
import { set, type StartState } from "./state.ts";

/** First minor whose kubelet tells of its readiness by itself (kubelet.go, fastStatusUpdateOnce); one more than we are sure of. */
const readyAtOnceSince = 28;

export const clusterDomain = "cluster.local";

export function certificateInput(s: StartState): CertificateInput {
  const { spec, addresses } = s.record;
  return {
    nodeName: spec.name,
    nodeAddress: set(s, "machine").address,
    serviceAddress: addresses.kubernetesService,
    clusterDomain,
    extraNames: spec.apiServer.names,
    extraIps: spec.apiServer.ips,
  };
}

export function nodeInput(s: StartState): NodeInput {
  const { spec, addresses, kubernetesVersion } = s.record;
  const entry = catalogueEntry(kubernetesVersion);
  const artifacts = set(s, "artifacts");
  const facts = set(s, "facts");
  const network = set(s, "network");
  const foreignNetwork = network.kind === "none" || network.kind === "manifest";
  return {
    spec,
    nodeName: spec.name,
    nodeAddress: set(s, "machine").address,
    version: {
      flagState: (program, flag) => flagState(program, flag, kubernetesVersion),
      kubeletConfigHas: (field) => kubeletConfigHas(field, kubernetesVersion),
      kubeletReportsReadyAtOnce: entry.minor >= readyAtOnceSince,
    },
    artifacts,
    certificates: set(s, "certificates"),
    facts,
    programs: resolvePrograms(facts, artifacts, entry, { foreignNetwork, profile: spec.name }),
    network,
    runtime: s.runtime,
    clusterDomain,
    serviceAddress: addresses.kubernetesService,
    dnsAddress: addresses.clusterDns,
    machine: s.definition.capabilities,
    cgroupDriver: "systemd",
  };
}
