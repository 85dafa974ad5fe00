import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import { firstNode } from "../../contract/node.ts";
import {
  checkKubeconfig,
  mergeKubeconfig,
  type MergeResult,
} from "../../provision/kubeconfig/merge-kubeconfig.ts";
import { kubeconfigFile } from "../../provision/kubeconfig/kubeconfig-file.ts";
import { withProfileLock } from "../../state/lock.ts";
import { saveCluster } from "../../state/store.ts";
import { kubeconfigChange, kubeconfigInput } from "./kubeconfig-input.ts";
import { openCluster } from "./open-cluster.ts";
import { notice, type UseCaseContext } from "./use-case.ts";

/** Points the user's kubeconfig to the cluster again. Idempotent. */
export async function updateContext(
  name: string,
  context: UseCaseContext,
): Promise<MergeResult & { readonly name: string }> {
  const lock = {
    command: "localkube update-context",
    signal: context.signal,
    onWait: (text: string) => notice(context, text),
  };
  return withProfileLock(context.host, name, lock, async (signal) => {
    const { record, paths } = await openCluster(name, context);
    const { machine } = firstNode(record);
    if (!machine) throw new LocalkubeError("CLUSTER_NOT_RUNNING", { name, machine: name, state: "absent" });
    const { keepContext } = record.spec;
    await checkKubeconfig(name, context.host);
    const file = kubeconfigFile(context.host);
    await saveCluster(context.host, { ...record, ...kubeconfigChange(record, file) });
    const merged = await mergeKubeconfig(
      { ...kubeconfigInput(record, machine, paths), keepContext },
      context.host,
      { file, signal },
    );
    return { ...merged, name };
  });
}
