import type { ClusterSpec } from "../../contract/cluster-spec.ts";
import type { ApiClient, KubeObject } from "../kube/api-client.ts";
import { nodeBlock } from "./node-block.ts";

/** Flags by which a user moves the controller manager's choice to where we cannot foresee it. */
const allocatorFlags = [
  "allocate-node-cidrs",
  "cidr-allocator-type",
  "cluster-cidr",
  "controllers",
  "node-cidr-mask-size",
  "node-cidr-mask-size-ipv4",
];

/** The block the node will get, when nothing the user set can make it another one. */
export function foreseeableNodeBlock({ podCidr, extraConfig }: ClusterSpec): string | undefined {
  const users = extraConfig["controller-manager"] ?? {};
  return allocatorFlags.some((flag) => flag in users) ? undefined : nodeBlock(podCidr);
}

interface NodeObject extends KubeObject {
  readonly spec?: { readonly podCIDR?: string };
}

/**
 * Gives a registered node its block before the controller manager gets to it: the kubelet reports Ready as soon as it sees one, and
 * otherwise only ten seconds later. Safe beside the allocator (pkg/controller/nodeipam/ipam/range_allocator.go, 1.20 to now): it marks
 * a block as taken that a node has when it starts or sees the node first; when it sees ours in the midst of choosing, it has chosen
 * the same, as both take the first, and equal values are accepted. Returns whether the node has a block. Idempotent.
 */
export async function assignNodeBlock(
  api: ApiClient,
  node: NodeObject,
  block: string,
  signal: AbortSignal,
): Promise<boolean> {
  if (node.spec?.podCIDR) return true;
  const path = `/api/v1/nodes/${node.metadata.name}`;
  const { status, body } = await api.send(path, {
    method: "PATCH",
    contentType: "application/strategic-merge-patch+json",
    body: JSON.stringify({ spec: { podCIDR: block, podCIDRs: [block] } }),
    signal,
  });
  // 409 and 422: the controller manager was faster.
  if (status < 300 || status === 409 || status === 422) return true;
  throw api.refused("PATCH", path, status, body);
}
