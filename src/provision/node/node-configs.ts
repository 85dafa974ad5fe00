import { guestPaths } from "./guest-paths.ts";
import type { NodeInput } from "./node-input.ts";

/** As many MiB fewer than asked for are no difference. */
const toleranceMiB = 256;

/** KubeletConfiguration v1beta1 (fixed from 1.20 to 1.37). */
export const kubeletConfiguration = (input: NodeInput): object => ({
  apiVersion: "kubelet.config.k8s.io/v1beta1",
  kind: "KubeletConfiguration",
  authentication: {
    anonymous: { enabled: false },
    webhook: { enabled: true, cacheTTL: "2m0s" },
    x509: { clientCAFile: `${guestPaths.pki}/ca.crt` },
  },
  authorization: { mode: "Webhook" },
  tlsCertFile: `${guestPaths.pki}/kubelet-server.crt`,
  tlsPrivateKeyFile: `${guestPaths.pki}/kubelet-server.key`,
  address: "0.0.0.0",
  readOnlyPort: 0,
  cgroupDriver: input.cgroupDriver,
  clusterDNS: [input.dnsAddress],
  clusterDomain: input.clusterDomain,
  failSwapOn: false,
  healthzBindAddress: "127.0.0.1",
  healthzPort: 10248,
  // Where the kubelet finds out only at its next look that its node got ready, it shall not be the ten seconds of the default. What it
  // tells the API server unasked stays as rare as by default, which must then be said.
  ...(input.version.kubeletReportsReadyAtOnce
    ? {}
    : { nodeStatusUpdateFrequency: "2s", nodeStatusReportFrequency: "5m0s" }),
  volumePluginDir: `${guestPaths.kubeletRoot}/volumeplugins`,
  // A developer's disk is often nearly full; percentages of a large disk would evict pods long before space is short.
  evictionHard: {
    "memory.available": "100Mi",
    "nodefs.available": "1Gi",
    "imagefs.available": "1Gi",
    "nodefs.inodesFree": "2%",
  },
  ...reservedForHost(input),
  serializeImagePulls: false,
  // Every version's default from 1.27 on; before it was 5 and 10, on which a starting node has to wait.
  kubeAPIQPS: 50,
  kubeAPIBurst: 100,
  ...(input.version.kubeletConfigHas("containerRuntimeEndpoint")
    ? { containerRuntimeEndpoint: input.runtime.endpoint, imageServiceEndpoint: input.runtime.endpoint }
    : {}),
  ...(input.version.kubeletConfigHas("failCgroupV1") && input.facts.cgroupVersion === 1
    ? { failCgroupV1: false }
    : {}),
});

export const proxyConfiguration = (input: NodeInput): object => ({
  apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
  kind: "KubeProxyConfiguration",
  bindAddress: "0.0.0.0",
  clientConnection: { kubeconfig: `${guestPaths.kubernetes}/kube-proxy.conf` },
  clusterCIDR: input.spec.podCidr,
  // Said outright: leaving it out means another thing in other versions.
  mode: "iptables",
  hostnameOverride: input.node.name,
  metricsBindAddress: "127.0.0.1:10249",
  healthzBindAddress: "127.0.0.1:10256",
  // nf_conntrack's limits belong to the host's kernel; a container may not set them.
  conntrack: { maxPerCore: 0, min: 0 },
});

/** A kubeconfig of a component in the guest, with certificates by path. */
export const componentKubeconfig = (user: string, certificate: string, server: string): object => ({
  apiVersion: "v1",
  kind: "Config",
  clusters: [{ name: "localkube", cluster: { server, "certificate-authority": `${guestPaths.pki}/ca.crt` } }],
  users: [
    {
      name: user,
      user: {
        "client-certificate": `${guestPaths.pki}/${certificate}.crt`,
        "client-key": `${guestPaths.pki}/${certificate}.key`,
      },
    },
  ],
  contexts: [{ name: "localkube", context: { cluster: "localkube", user } }],
  "current-context": "localkube",
});

/**
 * A container machine sees all of the host in /proc, whatever its limits are; what the user did not give it is set aside, so that the
 * scheduler fills the machine and not the host. Any other machine is the node's whole, however large: a server has what it has.
 */
function reservedForHost({ facts, spec, machine }: NodeInput): object {
  if (machine.resources !== "shared") return {};
  const memoryMiB = facts.memoryMiB - spec.memoryMiB;
  const cpus = facts.cpus - spec.cpus;
  const reserved = {
    ...(memoryMiB > toleranceMiB ? { memory: `${memoryMiB}Mi` } : {}),
    ...(cpus > 0 ? { cpu: String(cpus) } : {}),
  };
  return Object.keys(reserved).length ? { systemReserved: reserved } : {};
}
