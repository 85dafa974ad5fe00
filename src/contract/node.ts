/** What a node is for. Control planes run pods too. */
export type NodeRole = "control-plane" | "worker";

/** A node as the others must know it. */
export interface ClusterNode {
  /** In Kubernetes, and its machine's hostname: a DNS label. */
  readonly name: string;
  readonly role: NodeRole;
  /** IPv4, the same for the machine's life. */
  readonly address: string;
}
