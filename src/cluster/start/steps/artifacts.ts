import { fetchArtifacts } from "../../../artifacts/artifact-set.ts";
import type { Step } from "../../../contract/step.ts";
import type { ClusterBase, ClusterState } from "../state.ts";

export const artifacts: Step<ClusterState, ClusterBase> = {
  id: "artifacts",
  title: "Downloading Kubernetes",
  timeoutMs: 5_400_000,
  plan: ({ plan }) => [`get Kubernetes ${plan.kubernetesVersion} (${plan.source} artifacts): ${plan.reason}`],
  async apply(s, c) {
    s.artifacts = await fetchArtifacts(s.plan, c);
  },
};
