import { stat } from "node:fs/promises";
import type { MachineRef } from "../../contract/driver.ts";
import type { ClusterRecord } from "../../state/cluster-record.ts";
import type { clusterPaths } from "../../state/paths.ts";
import { kubeconfigInput } from "../access/kubeconfig-input.ts";

/**
 * File with the administrator's kubeconfig of one cluster, in the cluster's own folder (0600): it ignores the user's kubeconfig and
 * current context. Rewritten only when the cluster's record is newer.
 */
export async function kubectlKubeconfig(
  record: ClusterRecord,
  machine: MachineRef,
  paths: ReturnType<typeof clusterPaths>,
): Promise<string> {
  const [written, changed] = await Promise.all([
    stat(paths.kubeconfig).catch(() => undefined),
    stat(paths.record),
  ]);
  if (written && written.mtimeMs > changed.mtimeMs) return paths.kubeconfig;
  const { kubeconfigText } = await import("../../provision/kubeconfig/merge-kubeconfig.ts");
  const { writePrivateFile } = await import("../../state/private-file.ts");
  // Paths, not contents: certificates are renewed at start without changing the record.
  const input = { ...kubeconfigInput(record, machine, paths), embedCerts: false };
  await writePrivateFile(paths.kubeconfig, await kubeconfigText(input));
  return paths.kubeconfig;
}
