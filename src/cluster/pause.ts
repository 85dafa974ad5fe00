import { withProfileLock } from "../state/lock.ts";
import { saveCluster } from "../state/store.ts";
import { openCluster, withTransport } from "./open-cluster.ts";
import { notice, type UseCaseContext } from "./use-case.ts";

export interface PauseResult {
  readonly name: string;
  readonly paused: boolean;
}

// Stops every process of the cluster where it stands, pods first when freezing and last when thawing, so that no component sees the
// others missing. Signals work the same on both cgroup versions; a reboot of the machine undoes them, which is right.
const script = `
signal=$1
pods() {
  for task in $(ctr --namespace k8s.io tasks list --quiet 2>/dev/null); do
    if [ "$signal" = STOP ]; then ctr --namespace k8s.io tasks pause "$task"; else ctr --namespace k8s.io tasks resume "$task"; fi
  done
}
units="kubelet kube-proxy kube-scheduler kube-controller-manager kube-apiserver etcd"
[ "$signal" = STOP ] && { systemctl kill --kill-who=main --signal=STOP kubelet; pods; }
[ "$signal" = CONT ] && units="etcd kube-apiserver kube-controller-manager kube-scheduler kube-proxy kubelet"
for unit in $units; do systemctl kill --kill-who=main --signal=$signal $unit; done
[ "$signal" = CONT ] && pods
exit 0
`;

/** Freezes (or thaws) pods and control plane; they keep their memory and use no CPU. Idempotent. */
export async function setPaused(
  name: string,
  paused: boolean,
  context: UseCaseContext,
): Promise<PauseResult> {
  const command = paused ? "localkube pause" : "localkube unpause";
  const lock = { command, signal: context.signal, onWait: (text: string) => notice(context, text) };
  return withProfileLock(context.host, name, lock, async (signal) => {
    const cluster = await openCluster(name, context);
    await withTransport(cluster, { ...context, signal }, async (transport) => {
      await transport.exec(["sh", "-c", script, "sh", paused ? "STOP" : "CONT"], { signal });
    });
    await saveCluster(context.host, { ...cluster.record, phase: paused ? "paused" : "running" });
    return { name, paused };
  });
}
