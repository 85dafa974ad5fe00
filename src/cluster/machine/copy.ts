import type { ScpPath } from "../../machine/ssh/openssh.ts";
import { copyOverSsh } from "./copy-over-ssh.ts";
import type { CopyPaths } from "./copy-paths.ts";
import { opensshAccess } from "../access/open-cluster.ts";
import { quietly, type UseCaseContext } from "../access/use-case.ts";

export interface CopyResult {
  readonly name: string;
  /** As `localkube cp` takes them. */
  readonly from: string;
  readonly to: string;
}

/**
 * Copies between this host and the running machine of a node, by default the first; see `copyOverSsh`. Rejects with CLUSTER_UNKNOWN,
 * NODE_UNKNOWN or CLUSTER_NOT_RUNNING too.
 */
export async function copy(
  { profile, from, to }: CopyPaths,
  node: string | undefined,
  showProgress: boolean,
  context: UseCaseContext,
): Promise<CopyResult> {
  const access = await opensshAccess({ name: profile, node }, context);
  await copyOverSsh(access, { from, to, showProgress }, quietly(context));
  const show = (path: ScpPath) => ("local" in path ? path.local : `${profile}:${path.remote}`);
  return { name: profile, from: show(from), to: show(to) };
}
