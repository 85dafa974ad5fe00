/** The role of a node. Control planes run pods too. */
export type NodeRole = "control-plane" | "worker";

/** What the other nodes need to know about a node. */
export interface ClusterNode {
  /** Name in Kubernetes, and the hostname of its machine: a DNS label. */
  readonly name: string;
  readonly role: NodeRole;
  /** IPv4, the same for the machine's life. */
  readonly address: string;
}

/** The first of a cluster's nodes: the control plane whose machine and API server stand for the cluster. No cluster is without a node. */
export function firstNode<N>({ nodes }: { readonly nodes: readonly N[] }): N {
  const [node] = nodes;
  if (!node) throw new Error("a cluster without a node");
  return node;
}
