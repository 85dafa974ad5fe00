import type { ClusterSpec } from "../../contract/cluster-spec.ts";
import type { ApiClient, KubeObject } from "../kube/api-client.ts";
import { type Waiting, waitUntil } from "../kube/wait-until.ts";
import { nodeBlock } from "./node-block.ts";

/** The block of the pod CIDR that is ours to give to the node of this index; undefined when the user has the controller manager do it. */
export function blockToAssign({ podCidr, extraConfig }: ClusterSpec, index: number): string | undefined {
  const users = extraConfig["controller-manager"]?.["allocate-node-cidrs"] ?? "false";
  return users === "false" ? nodeBlock(podCidr, index) : undefined;
}

interface NodeObject extends KubeObject {
  readonly spec?: { readonly podCIDR?: string };
}

/**
 * Gives the node its block of the pod CIDR as soon as it is registered, which this waits for. The built-in network does not need it,
 * networks of others do. A block that the node has stays: the API server lets nobody change it. Idempotent. Rejects with
 * API_REFUSED, or with the signal's reason.
 */
export async function assignNodeBlock(
  api: ApiClient,
  { name, block }: { readonly name: string; readonly block: string },
  waiting: Waiting,
): Promise<void> {
  const { signal } = waiting;
  const path = `/api/v1/nodes/${name}`;
  const node = await waitUntil(() => api.get<NodeObject>(path, { signal }), {
    ...waiting,
    intervalMs: 50,
    maxIntervalMs: 200,
  });
  if (node.spec?.podCIDR) return;
  const { status, body } = await api.send(path, {
    method: "PATCH",
    contentType: "application/strategic-merge-patch+json",
    body: JSON.stringify({ spec: { podCIDR: block, podCIDRs: [block] } }),
    signal,
  });
  // 422: somebody else was faster.
  if (status >= 300 && status !== 422) throw api.refused("PATCH", path, status, body);
}
