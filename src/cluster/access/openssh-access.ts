import type { SshEndpoint } from "../../contract/transport.ts";
import { writeKnownHosts } from "../../machine/ssh/openssh.ts";
import { endpointOfNode, nodeOf, openCluster, runningMachine } from "./open-cluster.ts";
import type { UseCaseContext } from "./use-case.ts";

/** A node as a user names it. */
export interface NodeChoice {
  /** The cluster's profile. */
  readonly name: string;
  /** Undefined: the first. */
  readonly node?: string | undefined;
}

/** What the OpenSSH programs need to reach a machine. */
export interface OpensshAccess {
  readonly endpoint: SshEndpoint;
  /** Contains only the machine's key. */
  readonly knownHostsFile: string;
}

/** Access to the running machine of a node, by default the first. Rejects with CLUSTER_UNKNOWN, NODE_UNKNOWN or CLUSTER_NOT_RUNNING. */
export async function opensshAccess(
  { name, node: wanted }: NodeChoice,
  context: UseCaseContext,
): Promise<OpensshAccess> {
  const node = nodeOf(await openCluster(name, context), wanted);
  const endpoint = await endpointOfNode(node, await runningMachine(node, context));
  const knownHostsFile = node.paths.knownHosts;
  // The machine keeps its host key for life, but not its port.
  await writeKnownHosts(knownHostsFile, endpoint);
  return { endpoint, knownHostsFile };
}
