import { isEmulated } from "../guest/guest-facts.ts";
import { guestPaths } from "./guest-paths.ts";
import type { NodeInput } from "./node-input.ts";

/** This many MiB less than requested do not count as a difference. */
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
  // Where the kubelet notices only at its next regular check that its node is ready, the default of ten seconds is too long. What it
  // reports to the API server without a change stays as rare as by default, which must then be set explicitly. The interval is also the
  // time in which the API server must answer the kubelet's heartbeats (https://github.com/kubernetes/kubernetes/blob/v1.20.2/cmd/kubelet/app/server.go,
  // heartbeatClientConfig.Timeout); after a late answer the kubelet closes all connections and lists everything again. An emulated API server
  // never recovers from that.
  ...(input.version.kubeletReportsReadyAtOnce || isEmulated(input.facts)
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
  // The default since 1.27; before that it was 5 and 10, which makes a starting node wait.
  kubeAPIQPS: 50,
  kubeAPIBurst: 100,
  ...(input.version.kubeletConfigHas("containerRuntimeEndpoint")
    ? {
        containerRuntimeEndpoint: input.runtime.endpoint,
        imageServiceEndpoint: input.runtime.imageEndpoint ?? input.runtime.endpoint,
      }
    : {}),
  ...input.runtime.kubelet.config,
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
  // Set explicitly: leaving it out means different things in different versions.
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
 * A container machine sees all of the host in /proc, whatever its limits are; whatever the user did not assign to it is reserved, so that the
 * scheduler fills the machine and not the host. On any other machine the node may use everything, however large the machine is.
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
