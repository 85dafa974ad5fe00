import { join } from "node:path";
import type { MachineRef } from "../contract/driver.ts";
import type { KubeconfigInput } from "../provision/kubeconfig/kubeconfig-entries.ts";
import type { ClusterRecord } from "../state/cluster-record.ts";
import type { clusterPaths } from "../state/paths.ts";
import { apiServerUrl } from "./api-server-url.ts";

/** What the user's kubeconfig says of a cluster. */
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
