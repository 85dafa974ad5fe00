/** Which certificates a cluster has: data, in one place. Names follow kubeadm's, so that people find their way in the guest. */

export type AuthorityName = "ca" | "etcd-ca" | "front-proxy-ca";

export interface LeafPlan {
  /** File name without ending, in the host's `pki/` folder. */
  readonly name: string;
  readonly authority: AuthorityName;
  readonly commonName: string;
  readonly organization?: string;
  readonly usages: readonly ("server" | "client")[];
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
}

export interface CertificateInput {
  readonly nodeName: string;
  readonly nodeAddress: string;
  /** First address of the service CIDR: `kubernetes.default`. */
  readonly serviceAddress: string;
  readonly clusterDomain: string;
  readonly extraNames: readonly string[];
  readonly extraIps: readonly string[];
}

export const authorities: Readonly<Record<AuthorityName, string>> = {
  ca: "localkube-ca",
  // Apart from the cluster's, or every client certificate of the cluster could open etcd.
  "etcd-ca": "localkube-etcd-ca",
  "front-proxy-ca": "localkube-front-proxy-ca",
};

export function certificatePlan(input: CertificateInput): readonly LeafPlan[] {
  const { nodeName, nodeAddress, clusterDomain: domain } = input;
  const client = ["client"] as const;
  const both = ["server", "client"] as const;
  return [
    {
      name: "apiserver",
      authority: "ca",
      commonName: "kube-apiserver",
      usages: ["server"],
      dnsNames: [
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        `kubernetes.default.svc.${domain}`,
        "localhost",
        nodeName,
        ...input.extraNames,
      ],
      ipAddresses: [input.serviceAddress, "127.0.0.1", nodeAddress, ...input.extraIps],
    },
    {
      name: "apiserver-kubelet-client",
      authority: "ca",
      commonName: "kube-apiserver-kubelet-client",
      organization: "system:masters",
      usages: client,
    },
    {
      name: "apiserver-etcd-client",
      authority: "etcd-ca",
      commonName: "kube-apiserver-etcd-client",
      usages: client,
    },
    {
      name: "etcd",
      authority: "etcd-ca",
      commonName: nodeName,
      usages: both,
      dnsNames: ["localhost", nodeName],
      ipAddresses: ["127.0.0.1", nodeAddress],
    },
    {
      name: "front-proxy-client",
      authority: "front-proxy-ca",
      commonName: "front-proxy-client",
      usages: client,
    },
    {
      name: "controller-manager",
      authority: "ca",
      commonName: "system:kube-controller-manager",
      usages: both,
      dnsNames: ["localhost"],
      ipAddresses: ["127.0.0.1"],
    },
    {
      name: "scheduler",
      authority: "ca",
      commonName: "system:kube-scheduler",
      usages: both,
      dnsNames: ["localhost"],
      ipAddresses: ["127.0.0.1"],
    },
    {
      name: "kubelet-client",
      authority: "ca",
      commonName: `system:node:${nodeName}`,
      organization: "system:nodes",
      usages: client,
    },
    {
      name: "kubelet-server",
      authority: "ca",
      commonName: nodeName,
      usages: ["server"],
      dnsNames: [nodeName],
      ipAddresses: [nodeAddress, "127.0.0.1"],
    },
    {
      name: "kube-proxy",
      authority: "ca",
      commonName: "system:kube-proxy",
      organization: "system:node-proxier",
      usages: client,
    },
    // The group that every version's authorizer knows by itself; kubeadm's own group needs a binding that only kubeadm makes.
    {
      name: "admin",
      authority: "ca",
      commonName: "localkube-admin",
      organization: "system:masters",
      usages: client,
    },
  ];
}
