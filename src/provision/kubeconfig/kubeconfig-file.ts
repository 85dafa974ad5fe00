import { homedir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import type { HostContext } from "../../contract/host.ts";

/** Every file that kubectl reads, in its order, absolute: those of `$KUBECONFIG`, else `~/.kube/config`. At least one. */
export function kubeconfigFiles({ env }: Pick<HostContext, "env">): readonly [string, ...string[]] {
  const listed = (env["KUBECONFIG"] ?? "").split(delimiter).filter((entry) => entry !== "");
  const [first, ...others] = [...new Set(listed.map((entry) => resolve(entry)))];
  return first === undefined ? [join(env["HOME"] || homedir(), ".kube", "config")] : [first, ...others];
}

/** The file our entries go to: the first that kubectl reads, so that its entries take precedence. */
export const kubeconfigFile = (host: Pick<HostContext, "env">): string => kubeconfigFiles(host)[0];
