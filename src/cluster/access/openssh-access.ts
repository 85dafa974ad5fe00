import type { SshEndpoint } from "../../contract/transport.ts";
import { writeKnownHosts } from "../../machine/ssh/openssh.ts";
import { endpointOfCluster, openCluster, runningMachine } from "./open-cluster.ts";
import type { UseCaseContext } from "./use-case.ts";

/** What the OpenSSH programs need to reach a machine. */
export interface OpensshAccess {
  readonly endpoint: SshEndpoint;
  /** Contains only the machine's key. */
  readonly knownHostsFile: string;
}

/** Access to a cluster's running machine. Rejects with CLUSTER_UNKNOWN or CLUSTER_NOT_RUNNING. */
export async function opensshAccess(name: string, context: UseCaseContext): Promise<OpensshAccess> {
  const cluster = await openCluster(name, context);
  const endpoint = await endpointOfCluster(cluster, await runningMachine(cluster, context));
  const knownHostsFile = cluster.paths.knownHosts;
  // The machine keeps its host key for life, but not its port.
  await writeKnownHosts(knownHostsFile, endpoint);
  return { endpoint, knownHostsFile };
}
