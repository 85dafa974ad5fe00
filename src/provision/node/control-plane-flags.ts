import { compareReleases } from "../../host/versions.ts";
import { wishedImage } from "../../contract/artifact.ts";
import type { ClusterNode } from "../../contract/node.ts";
import type { Flags } from "./flags.ts";
import { apiServerPort, guestPaths } from "./guest-paths.ts";
import type { NodeInput } from "./node-input.ts";
import { runtimeInput } from "./runtime-input.ts";

const pki = (name: string): string => `${guestPaths.pki}/${name}`;
const kubeconfig = (name: string): string => `${guestPaths.kubernetes}/${name}.conf`;

export function etcdArguments(input: NodeInput): readonly string[] {
  const users = input.spec.extraConfig.etcd ?? {};
  const controlPlanes = input.nodes.filter(({ role }) => role === "control-plane");
  // A single member has no peers.
  const peer = ({ address }: ClusterNode): string =>
    `https://${controlPlanes.length > 1 ? address : "127.0.0.1"}:2380`;
  const flags: Flags = {
    name: input.node.name,
    "data-dir": guestPaths.etcdData,
    // Loopback only: the API server beside it is its only client.
    "listen-client-urls": "https://127.0.0.1:2379",
    "advertise-client-urls": "https://127.0.0.1:2379",
    "listen-peer-urls": peer(input.node),
    "initial-advertise-peer-urls": peer(input.node),
    "initial-cluster": controlPlanes.map((node) => `${node.name}=${peer(node)}`).join(","),
    "cert-file": pki("etcd.crt"),
    "key-file": pki("etcd.key"),
    "trusted-ca-file": pki("etcd-ca.crt"),
    "client-cert-auth": true,
    "peer-cert-file": pki("etcd.crt"),
    "peer-key-file": pki("etcd.key"),
    "peer-trusted-ca-file": pki("etcd-ca.crt"),
    "peer-client-cert-auth": true,
    "listen-metrics-urls": "http://127.0.0.1:2381",
    // From 3.6 on this is the default, and the flag is deprecated.
    ...(compareReleases(input.programs.etcd.version, "3.6.0") < 0 ? { "snapshot-count": 10000 } : {}),
    ...users,
  };
  return Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`);
}

/** Valid from 1.20 to 1.37 after the catalogue's filter (k0s and kubeadm set the same core). */
export const apiServerFlags = (input: NodeInput): Flags => ({
  "advertise-address": input.node.address,
  "secure-port": apiServerPort,
  "insecure-port": 0,
  "allow-privileged": true,
  "authorization-mode": "Node,RBAC",
  "client-ca-file": pki("ca.crt"),
  "enable-admission-plugins": "NodeRestriction",
  "etcd-servers": "https://127.0.0.1:2379",
  "etcd-cafile": pki("etcd-ca.crt"),
  "etcd-certfile": pki("apiserver-etcd-client.crt"),
  "etcd-keyfile": pki("apiserver-etcd-client.key"),
  "kubelet-client-certificate": pki("apiserver-kubelet-client.crt"),
  "kubelet-client-key": pki("apiserver-kubelet-client.key"),
  "kubelet-certificate-authority": pki("ca.crt"),
  "kubelet-preferred-address-types": "InternalIP,Hostname",
  "proxy-client-cert-file": pki("front-proxy-client.crt"),
  "proxy-client-key-file": pki("front-proxy-client.key"),
  "requestheader-client-ca-file": pki("front-proxy-ca.crt"),
  "requestheader-allowed-names": "front-proxy-client",
  "requestheader-extra-headers-prefix": "X-Remote-Extra-",
  "requestheader-group-headers": "X-Remote-Group",
  "requestheader-username-headers": "X-Remote-User",
  "service-account-issuer": `https://kubernetes.default.svc.${input.clusterDomain}`,
  "service-account-key-file": pki("sa.pub"),
  "service-account-signing-key-file": pki("sa.key"),
  "service-cluster-ip-range": input.spec.serviceCidr,
  "tls-cert-file": pki("apiserver.crt"),
  "tls-private-key-file": pki("apiserver.key"),
  profiling: false,
});

/** With one control plane an election would only make every restart wait for the old lease to run out (15 s). */
const electsLeader = ({ nodes }: NodeInput): boolean =>
  nodes.filter(({ role }) => role === "control-plane").length > 1;

export const controllerManagerFlags = (input: NodeInput): Flags => ({
  kubeconfig: kubeconfig("controller-manager"),
  "authentication-kubeconfig": kubeconfig("controller-manager"),
  "authorization-kubeconfig": kubeconfig("controller-manager"),
  "bind-address": "127.0.0.1",
  port: 0,
  "client-ca-file": pki("ca.crt"),
  "requestheader-client-ca-file": pki("front-proxy-ca.crt"),
  "tls-cert-file": pki("controller-manager.crt"),
  "tls-private-key-file": pki("controller-manager.key"),
  "root-ca-file": pki("ca.crt"),
  "cluster-signing-cert-file": pki("ca.crt"),
  "cluster-signing-key-file": pki("ca.key"),
  "service-account-private-key-file": pki("sa.key"),
  "use-service-account-credentials": true,
  // The default of 20 a second makes its controllers queue for their credentials at every start.
  "kube-api-qps": 100,
  "kube-api-burst": 200,
  // We give the node its block ourselves: until 1.26 this allocator sleeps ten seconds before it starts working, and delays every
  // controller that has not started yet.
  "allocate-node-cidrs": false,
  "cluster-cidr": input.spec.podCidr,
  "service-cluster-ip-range": input.spec.serviceCidr,
  controllers: "*,bootstrapsigner,tokencleaner",
  "leader-elect": electsLeader(input),
  profiling: false,
});

export const schedulerFlags = (input: NodeInput): Flags => ({
  kubeconfig: kubeconfig("scheduler"),
  "authentication-kubeconfig": kubeconfig("scheduler"),
  "authorization-kubeconfig": kubeconfig("scheduler"),
  "bind-address": "127.0.0.1",
  port: 0,
  "client-ca-file": pki("ca.crt"),
  "requestheader-client-ca-file": pki("front-proxy-ca.crt"),
  "tls-cert-file": pki("scheduler.crt"),
  "tls-private-key-file": pki("scheduler.key"),
  "leader-elect": electsLeader(input),
  profiling: false,
});

export const kubeletFlags = (input: NodeInput): Flags => ({
  config: guestPaths.kubeletConfig,
  kubeconfig: kubeconfig("kubelet"),
  "node-ip": input.node.address,
  "hostname-override": input.node.name,
  "root-dir": guestPaths.kubeletRoot,
  ...runtimeFlags(input),
  // Only keeps the kubelet's own garbage collector from the sandbox image; the runtime's configuration decides which is used.
  ...(input.runtime.foreign
    ? {}
    : { "pod-infra-container-image": wishedImage(input.artifacts, "pause").ref }),
});

/** Until 1.26 the runtime is chosen by flags, later by the configuration file. */
function runtimeFlags(input: NodeInput): Flags {
  const { endpoint, imageEndpoint = endpoint, kubelet } = input.runtime;
  if (kubelet.flags) return kubelet.flags(runtimeInput(input));
  if (input.version.kubeletConfigHas("containerRuntimeEndpoint")) return {};
  return {
    "container-runtime": "remote",
    "container-runtime-endpoint": endpoint,
    "image-service-endpoint": imageEndpoint,
  };
}

export const proxyFlags = (input: NodeInput): Flags => ({
  config: guestPaths.proxyConfig,
  "hostname-override": input.node.name,
});
