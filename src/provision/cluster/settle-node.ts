import type { ClusterSpec } from "../../spec/fields.ts";
import type { NodeRole } from "../../contract/node.ts";
import type { ApiClient, KubeObject } from "../../kube/api-client.ts";
import { type Waiting, waitUntil } from "../../kube/wait-until.ts";
import { nodeBlock } from "../network/bridge.ts";

/** The block of the pod CIDR that localkube assigns to the node of this index; undefined when the user lets the controller manager do it. */
export function blockToAssign({ podCidr, extraConfig }: ClusterSpec, index: number): string | undefined {
  const users = extraConfig["controller-manager"]?.["allocate-node-cidrs"] ?? "false";
  return users === "false" ? nodeBlock(podCidr, index) : undefined;
}

interface NodeObject extends KubeObject {
  readonly metadata: KubeObject["metadata"] & { readonly labels?: Readonly<Record<string, string>> };
  readonly spec?: { readonly podCIDR?: string };
}

/** From these labels `kubectl get nodes` shows the role, and others find the control plane; a kubelet may not set them on itself. */
const roleLabels: Readonly<Record<NodeRole, Readonly<Record<string, string>>>> = {
  "control-plane": { "node-role.kubernetes.io/control-plane": "" },
  worker: { "node-role.kubernetes.io/worker": "" },
};

/**
 * Gives the node the label of its role and its block of the pod CIDR as soon as it is registered, which this waits for. The built-in
 * network does not need the block, other networks do. An existing block is kept: the API server does not allow it to be changed.
 * Idempotent. Rejects with API_REFUSED, or with the signal's reason.
 */
export async function settleNode(
  api: ApiClient,
  {
    name,
    role,
    block,
  }: { readonly name: string; readonly role: NodeRole; readonly block: string | undefined },
  waiting: Waiting,
): Promise<void> {
  const { signal } = waiting;
  const path = `/api/v1/nodes/${name}`;
  const node = await waitUntil(() => api.get<NodeObject>(path, { signal }), {
    ...waiting,
    intervalMs: 50,
    maxIntervalMs: 200,
  });
  const patch = async (change: object, tolerated?: number): Promise<void> => {
    const contentType = "application/strategic-merge-patch+json";
    const options = { method: "PATCH", contentType, body: JSON.stringify(change), signal } as const;
    const { status, body } = await api.send(path, options);
    if (status >= 300 && status !== tolerated) throw api.refused("PATCH", path, status, body);
  };
  const labels = roleLabels[role];
  if (Object.entries(labels).some(([label, value]) => node.metadata.labels?.[label] !== value))
    await patch({ metadata: { labels } });
  // 422: somebody else was faster.
  if (block !== undefined && !node.spec?.podCIDR)
    await patch({ spec: { podCIDR: block, podCIDRs: [block] } }, 422);
}
