import { homedir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import type { HostContext } from "../../contract/host.ts";

/** The file kubectl would write new entries to: the first entry of `$KUBECONFIG`, else `~/.kube/config`. */
export function kubeconfigFile({ env }: Pick<HostContext, "env">): string {
  const [first] = (env["KUBECONFIG"] ?? "").split(delimiter).filter((entry) => entry !== "");
  return first === undefined ? join(env["HOME"] || homedir(), ".kube", "config") : resolve(first);
}
