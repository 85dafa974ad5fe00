import type { ClusterNode } from "../../contract/node.ts";

/** Which certificates a cluster has: data, in one place. Names follow kubeadm's, so that people recognise them in the guest. */

export type AuthorityName = "ca" | "etcd-ca" | "front-proxy-ca";

export interface LeafPlan {
  /** File name without extension in the host's `pki/` folder: `apiserver`, and for each node but the first `nodes/worker1/kubelet-server`. */
  readonly name: string;
  readonly authority: AuthorityName;
  readonly commonName: string;
  readonly organization?: string;
  readonly usages: readonly ("server" | "client")[];
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
}

export interface CertificateInput {
  /** At least one; the first is a control plane, which has the plain file names. */
  readonly nodes: readonly ClusterNode[];
  /** First address of the service CIDR: `kubernetes.default`. */
  readonly serviceAddress: string;
  readonly clusterDomain: string;
  readonly extraNames: readonly string[];
  readonly extraIps: readonly string[];
}

export const authorities: Readonly<Record<AuthorityName, string>> = {
  ca: "localkube-ca",
  // Separate from the cluster's, or every client certificate of the cluster would give access to etcd.
  "etcd-ca": "localkube-etcd-ca",
  "front-proxy-ca": "localkube-front-proxy-ca",
};

const client = ["client"] as const;
const both = ["server", "client"] as const;

/** Every leaf of a cluster: what all control planes share, then each node's own. Pure. */
export function certificatePlan(input: CertificateInput): readonly LeafPlan[] {
  return [
    ...sharedPlan,
    ...input.nodes.flatMap((node, index) =>
      nodePlan(node, input).map((plan) => ({ ...plan, name: leafName(plan.name, node.name, index) })),
    ),
  ];
}

/** What a node of that role has in its `pki/` folder, by the name it has there: the leaf's name in the plan. A worker gets nothing that signs. */
export function nodeLeaves({ name, role }: ClusterNode, index: number): ReadonlyMap<string, string> {
  const shared =
    role === "worker" ? ["kube-proxy"] : sharedPlan.map((plan) => plan.name).filter((one) => one !== "admin");
  const own = role === "worker" ? workerLeaves : [...controlPlaneLeaves, ...workerLeaves];
  return new Map([
    ...shared.map((one) => [one, one] as const),
    ...own.map((one) => [one, leafName(one, name, index)] as const),
  ]);
}

const controlPlaneLeaves = ["apiserver", "etcd"] as const;
const workerLeaves = ["kubelet-client", "kubelet-server"] as const;

/** The first node's files are in the folder itself, where they always were. */
const leafName = (leaf: string, node: string, index: number): string =>
  index === 0 ? leaf : `nodes/${node}/${leaf}`;

const sharedPlan: readonly LeafPlan[] = [
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
    name: "kube-proxy",
    authority: "ca",
    commonName: "system:kube-proxy",
    organization: "system:node-proxier",
    usages: client,
  },
  // The group that every version's authorizer has built in; kubeadm's own group needs a binding that only kubeadm creates.
  {
    name: "admin",
    authority: "ca",
    commonName: "localkube-admin",
    organization: "system:masters",
    usages: client,
  },
];

function nodePlan({ name, address, role }: ClusterNode, input: CertificateInput): readonly LeafPlan[] {
  const { clusterDomain: domain } = input;
  const kubelet: readonly LeafPlan[] = [
    {
      name: "kubelet-client",
      authority: "ca",
      commonName: `system:node:${name}`,
      organization: "system:nodes",
      usages: client,
    },
    {
      name: "kubelet-server",
      authority: "ca",
      commonName: name,
      usages: ["server"],
      dnsNames: [name],
      ipAddresses: [address, "127.0.0.1"],
    },
  ];
  if (role === "worker") return kubelet;
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
        name,
        ...input.extraNames,
      ],
      ipAddresses: [input.serviceAddress, "127.0.0.1", address, ...input.extraIps],
    },
    {
      name: "etcd",
      authority: "etcd-ca",
      commonName: name,
      usages: both,
      dnsNames: ["localhost", name],
      ipAddresses: ["127.0.0.1", address],
    },
    ...kubelet,
  ];
}
