import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import { socketPath } from "../../runtimes/cri/client.ts";
import { foreignName, isForeign } from "../../runtimes/foreign/index.ts";
import { defaultRuntimeName, runtimeByName } from "../../runtimes/registry.ts";
import type { ClusterSpec } from "../../spec/fields.ts";
import type { ClusterRecord } from "../../state/cluster-record.ts";
import { runtimeOf } from "../access/open-cluster.ts";

/** What a new cluster gets. Rejects with RUNTIME_UNKNOWN. Pure. */
export const namedRuntime = ({ runtime, criSocket, imageSocket }: ClusterSpec): string =>
  criSocket === "" ? runtimeByName(runtime).name : foreignName(criSocket, imageSocket);

/** `cri` leaves an existing cluster with what it has, unless that is a socket that is no longer wanted. */
export const wantedRuntime = (spec: ClusterSpec, { runtime }: ClusterRecord): string =>
  spec.criSocket === "" && spec.runtime === defaultRuntimeName && !isForeign(runtime)
    ? runtime
    : namedRuntime(spec);

/** Refuses a socket of a runtime of the cluster itself, which is about to be taken out, with CRI_SOCKET_OWN. Pure. */
export function refuseOwnSocket({ name, criSocket }: ClusterSpec, existing: ClusterRecord): void {
  const place = (socket: string): string => socketPath(socket).replace(/^\/var\/run\//, "/run/");
  for (const runtime of [existing.runtime, ...(existing.formerRuntimes ?? [])]) {
    const { endpoint, foreign } = runtimeOf({ ...existing, runtime });
    if (!foreign && place(endpoint) === place(criSocket))
      throw new LocalkubeError("CRI_SOCKET_OWN", { socket: criSocket, runtime, name });
  }
}

/** Recorded before anything changes: a start that is killed is gone on with by the next. */
export function changedRuntime(
  { runtime, formerRuntimes = [] }: ClusterRecord,
  wanted: string,
): Pick<ClusterRecord, "runtime" | "formerRuntimes"> {
  const former = new Set([...formerRuntimes, runtime]);
  former.delete(wanted);
  return { runtime: wanted, ...(former.size > 0 ? { formerRuntimes: [...former] } : {}) };
}
