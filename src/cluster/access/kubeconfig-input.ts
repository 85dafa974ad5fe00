import { join } from "node:path";
import type { MachineRef } from "../../contract/driver.ts";
import type { KubeconfigInput } from "../../provision/kubeconfig/kubeconfig-entries.ts";
import type { ClusterRecord } from "../../state/cluster-record.ts";
import type { clusterPaths } from "../../state/paths.ts";
import { apiServerUrl } from "./reach.ts";

/** What the user's kubeconfig contains for a cluster. */
export const kubeconfigInput = (
  { spec }: ClusterRecord,
  machine: MachineRef,
  paths: ReturnType<typeof clusterPaths>,
): KubeconfigInput => ({
  name: spec.name,
  server: apiServerUrl(machine),
  caFile: join(paths.pki, "ca.crt"),
  certFile: join(paths.pki, "admin.crt"),
  keyFile: join(paths.pki, "admin.key"),
  embedCerts: spec.embedCerts,
});

/** Every file that may contain our entries; undefined when none was ever recorded. */
export function mergedKubeconfigs(record: ClusterRecord): readonly string[] | undefined {
  const { userKubeconfig, formerKubeconfigs = [] } = record;
  return userKubeconfig === undefined ? undefined : [userKubeconfig, ...formerKubeconfigs];
}

/** What the record must say before our entries are merged into a file; undefined when it already does. */
export function kubeconfigChange(
  record: ClusterRecord,
  file: string,
): Pick<ClusterRecord, "userKubeconfig" | "formerKubeconfigs"> | undefined {
  if (record.userKubeconfig === file) return undefined;
  const formerKubeconfigs = (mergedKubeconfigs(record) ?? []).filter((each) => each !== file);
  return { userKubeconfig: file, formerKubeconfigs };
}
