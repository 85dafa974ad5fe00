import type { Seen } from "../../addons/probe/context.ts";
import { loginNames } from "../../provision/node/registry-files.ts";
import type { ChosenAddon } from "./choose.ts";
import type { LiveCluster } from "./live-cluster.ts";
import { nodePart } from "./node-parts.ts";

/** Whether the kubelet of every node has the logins that an addon brings: it hands them to the runtime at each pull. Only names leave the nodes' files. Read-only. */
export async function askLogins(
  chosen: Pick<ChosenAddon, "row" | "values">,
  { nodes }: Pick<LiveCluster, "nodes">,
  signal: AbortSignal,
): Promise<Seen> {
  const wanted = Object.keys(nodePart(chosen).logins ?? {});
  for (const node of nodes) {
    const has = await node.withTransport((transport) => loginNames(transport, signal));
    const missing = wanted.filter((name) => !has.includes(name));
    if (missing.length > 0)
      return { seen: `the kubelet of ${node.name} has no login at ${missing.join(", ")}`, right: false };
  }
  return {
    seen: `the kubelet of ${nodes.map(({ name }) => name).join(", ")} pulls with a login from ${wanted.join(", ")}`,
    right: true,
  };
}
