import type { HostContext } from "../../contract/host.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import { readKubeconfig } from "./edit-kubeconfig.ts";
import { KubeconfigDocument } from "./kubeconfig-document.ts";
import { kubeconfigFile } from "./kubeconfig-file.ts";

export type KubeconfigState = "configured" | "missing" | "misconfigured";

/**
 * Whether kubectl reaches a cluster with the user's kubeconfig: `missing` without an entry of ours, `misconfigured` when it points elsewhere
 * or the file cannot be read (`localkube update-context` repairs the first and names the line of the second). Read-only.
 */
export async function kubeconfigState(
  name: string,
  server: string,
  host: Pick<HostContext, "env">,
  file: string = kubeconfigFile(host),
): Promise<KubeconfigState> {
  try {
    return stateOf(new KubeconfigDocument(file, await readKubeconfig(file)), name, server);
  } catch (problem) {
    if (problem instanceof LocalkubeError) return "misconfigured";
    throw problem;
  }
}

function stateOf(document: KubeconfigDocument, name: string, server: string): KubeconfigState {
  if (!document.isOurs("context", name)) return "missing";
  const isRight =
    document.field("context", name, "cluster") === name &&
    document.field("context", name, "user") === name &&
    document.field("cluster", name, "server") === server &&
    document.has("user", name);
  return isRight ? "configured" : "misconfigured";
}
