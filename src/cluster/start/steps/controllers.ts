import type { Step } from "../../../contract/step.ts";
import { pushAndStart } from "../push-and-start.ts";
import { need, type NodeBase, type NodeState } from "../state.ts";

export const controllers: Step<NodeState, NodeBase> = {
  id: "controllers",
  title: "Pushing the controllers",
  timeoutMs: 600_000,
  plan: () => ["push and start kube-controller-manager, kube-scheduler and kube-proxy"],
  apply: (s, c) => pushAndStart(s, [need(s, "files").controllers], c),
};
