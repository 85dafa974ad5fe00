import { firstNode } from "../../../contract/node.ts";
import type { Step } from "../../../contract/step.ts";
import { kubeconfigFile } from "../../../provision/kubeconfig/kubeconfig-file.ts";
import { mergeKubeconfig } from "../../../provision/kubeconfig/merge-kubeconfig.ts";
import { removeDiscoveryCache } from "../../../provision/kubeconfig/remove-discovery-cache.ts";
import { removeKubeconfig } from "../../../provision/kubeconfig/remove-kubeconfig.ts";
import { apiServerUrl } from "../../access/reach.ts";
import { kubeconfigChange, kubeconfigInput, mergedKubeconfigs } from "../../access/kubeconfig-input.ts";
import { type ClusterBase, type ClusterState, need, updateRecord } from "../state.ts";

export const kubeconfig: Step<ClusterState, ClusterBase> = {
  id: "kubeconfig",
  title: "Writing kubeconfig",
  timeoutMs: 30_000,
  plan: (s) => [`add the context ${s.record.spec.name} to your kubeconfig`],
  undo: {
    title: "Removing the kubeconfig entry",
    async run({ record, host }, { signal }) {
      const files = mergedKubeconfigs(record);
      await removeKubeconfig(record.spec.name, host, { signal, ...(files && { files }) });
      const { machine } = firstNode(record);
      if (machine) await removeDiscoveryCache(apiServerUrl(machine), host);
    },
  },
  async apply(s, c) {
    const input = {
      ...kubeconfigInput(s.record, need(firstNode(s), "machine"), s.paths),
      keepContext: s.record.spec.keepContext,
    };
    const file = kubeconfigFile(c.host);
    const change = kubeconfigChange(s.record, file);
    if (change) await updateRecord(s, (record) => ({ ...record, ...change }));
    const { changed } = await mergeKubeconfig(input, c.host, { file, signal: c.signal });
    return changed ? undefined : "unchanged";
  },
};
