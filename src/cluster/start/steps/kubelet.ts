import type { Step } from "../../../contract/step.ts";
import { pushAndStart } from "../push-and-start.ts";
import { need, type NodeBase, type NodeState } from "../state.ts";

export const kubelet: Step<NodeState, NodeBase> = {
  id: "kubelet",
  title: "Pushing the kubelet",
  timeoutMs: 600_000,
  plan: () => ["push and start the kubelet"],
  apply: (s, c) => pushAndStart(s, [need(s, "files").kubelet], c),
};
