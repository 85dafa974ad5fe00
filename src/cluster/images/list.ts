import { runtimeByName } from "../../runtimes/registry.ts";
import { isNamed, nodeImages, type NodeImage } from "./node-images.ts";
import { type NodeChoice, nodeOf, openCluster, withTransport } from "../access/open-cluster.ts";
import type { UseCaseContext } from "../access/use-case.ts";

/** Images of a node by name. Rejects with CLUSTER_UNKNOWN, NODE_UNKNOWN or CLUSTER_NOT_RUNNING. */
export async function listImages(
  { name, node }: NodeChoice,
  context: UseCaseContext,
): Promise<readonly Omit<NodeImage, "forPods">[]> {
  const cluster = await openCluster(name, context);
  const runtime = runtimeByName(cluster.record.runtime);
  const images = await withTransport(nodeOf(cluster, node), context, (transport) =>
    nodeImages(transport, runtime, context.signal),
  );
  return images
    .filter(isNamed)
    .map(({ ref, digest, size }) => ({ ref, digest, size }))
    .sort((a, b) => (a.ref < b.ref ? -1 : 1));
}
