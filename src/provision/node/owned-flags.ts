import type { Component } from "../../contract/components.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";

/** Why localkube itself must set a flag, and what to use instead. */
interface Owner {
  readonly reason: string;
  readonly instead: string;
}

const leaveOut = "Leave it out";
const owner = (reason: string, instead = leaveOut): Owner => ({ reason, instead });
const all = (flags: string, reason: string, instead?: string): Record<string, Owner> =>
  Object.fromEntries(flags.split(" ").map((flag) => [flag, owner(reason, instead)]));

const certificates = "certificates are issued and renewed by localkube";
const kubeconfigs = "components find the API server by kubeconfigs that localkube writes";
const data = "data has its place in the machine, which stop, start and delete rely on";
const addresses = "the other components and this host look for it there";
const serving = all("tls-cert-file tls-private-key-file client-ca-file cert-dir", certificates);
const requestHeader = all("requestheader-client-ca-file", certificates);
const clients = all("kubeconfig authentication-kubeconfig authorization-kubeconfig", kubeconfigs);
const serviceCidr = all(
  "service-cluster-ip-range",
  "the network of Services is one for all components",
  "Use --service-cidr",
);
const podCidr = all("cluster-cidr", "the network of Pods is one for all components", "Use --pod-cidr");

/** Users cannot set these: with another value the cluster cannot work, or another flag of `start` sets it everywhere. */
const owned: Readonly<Record<Component, Readonly<Record<string, Owner>>>> = {
  apiserver: {
    ...all(
      "secure-port",
      "the API server's port is forwarded to this host",
      "Use --apiserver-port for the port on this host",
    ),
    ...all("advertise-address bind-address insecure-port", addresses),
    ...all("etcd-servers etcd-cafile etcd-certfile etcd-keyfile", "etcd is started by localkube"),
    ...all(
      "kubelet-client-certificate kubelet-client-key kubelet-certificate-authority proxy-client-cert-file proxy-client-key-file service-account-key-file service-account-signing-key-file",
      certificates,
    ),
    ...serving,
    ...requestHeader,
    ...serviceCidr,
  },
  "controller-manager": {
    ...all(
      "root-ca-file cluster-signing-cert-file cluster-signing-key-file service-account-private-key-file",
      certificates,
    ),
    ...clients,
    ...serving,
    ...requestHeader,
    ...serviceCidr,
    ...podCidr,
  },
  scheduler: { ...clients, ...serving, ...requestHeader, ...all("config", kubeconfigs) },
  kubelet: {
    ...all("config", "the kubelet's configuration is written by localkube"),
    ...all("kubeconfig bootstrap-kubeconfig", kubeconfigs),
    ...all("root-dir", data),
    ...all("hostname-override node-ip address port", addresses),
    ...all(
      "container-runtime container-runtime-endpoint image-service-endpoint",
      "the container runtime is set up by localkube",
      "Use --runtime",
    ),
    ...all(
      "cgroup-driver",
      "kubelet and container runtime must have the same one, which the machine decides",
    ),
    ...all("cluster-dns cluster-domain", "cluster DNS is set up by localkube"),
    ...serving,
  },
  proxy: {
    ...all("config", "the proxy's configuration is written by localkube"),
    ...all("kubeconfig", kubeconfigs),
    ...all("hostname-override", addresses),
    ...podCidr,
  },
  etcd: {
    ...all("config-file data-dir wal-dir force-new-cluster", data),
    ...all(
      "name listen-client-urls listen-client-http-urls advertise-client-urls listen-peer-urls initial-advertise-peer-urls initial-cluster initial-cluster-state discovery discovery-srv discovery-token discovery-endpoints proxy",
      addresses,
    ),
    ...all(
      "cert-file key-file trusted-ca-file client-cert-auth auto-tls peer-cert-file peer-key-file peer-trusted-ca-file peer-client-cert-auth peer-auto-tls",
      certificates,
    ),
  },
};

/** Refuses with FLAG_OWNED a user's flag that localkube must set itself: `start` would only wait in vain for the cluster. */
export function assertNotOwned(component: Component, flag: string): void {
  const found = Object.hasOwn(owned[component], flag) ? owned[component][flag] : undefined;
  if (found === undefined) return;
  const { reason, instead } = found;
  throw new LocalkubeError("FLAG_OWNED", { component, flag, reason, instead });
}
