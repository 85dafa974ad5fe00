import type { Transport } from "../../contract/transport.ts";
import { podFunctions } from "../../host/pod-processes.ts";

/**
 * Shell functions over a node that is paused: `cluster_frozen` succeeds when pods or any unit of the control plane are frozen, completely or in
 * part. Asks no program that may be frozen itself, and systemd only to freeze and thaw.
 */
export const frozenFunctions = String.raw`
${podFunctions}
stopped_units() {
  files=$(for unit in etcd kube-apiserver kube-controller-manager kube-scheduler kube-proxy kubelet; do
    cat "$cgroups/system.slice/$unit.service/cgroup.procs" \
      "$cgroups/systemd/system.slice/$unit.service/cgroup.procs" 2>/dev/null
  done | sed 's|.*|/proc/&/status|')
  [ "$files" ] && grep -qsE '^State:[[:space:]]+T' $files
}
cluster_frozen() { pods_frozen || stopped_units; }
`;

// The kubelet first, because it would act on pods that do not answer; the control plane last, so that nothing notices it missing.
const script = String.raw`
${frozenFunctions}
signal_units() {
  signal=$1; shift
  for unit; do
    pid=$(systemctl show --property MainPID --value "$unit") || return 1
    # What does not run is as it was.
    [ "$pid" = 0 ] || kill -s "$signal" "$pid" || return 1
  done
}
freeze() {
  signal_units STOP kubelet && freeze_pods && signal_units STOP kube-proxy kube-scheduler kube-controller-manager kube-apiserver etcd
}
thaw() {
  signal_units CONT etcd kube-apiserver kube-controller-manager kube-scheduler kube-proxy
  said=$?
  thaw_pods || { echo "the pods are still frozen" >&2; said=1; }
  signal_units CONT kubelet && return $said
}
# A command that was killed goes on in the machine: what it still freezes may not cross what the next one thaws or ends.
alone() { exec 9> /run/localkube-pods.lock && flock -w 10 9; }
case $1 in freeze | thaw | end) alone ;; esac
case $1 in
  look) cluster_frozen && echo frozen; exit 0 ;;
  freeze) freeze || { thaw; exit 1; } ;;
  thaw) cluster_frozen && echo frozen; thaw ;;
  # The control plane, too: what stands still cannot go off in order.
  end) if cluster_frozen; then thaw; fi; end_pods "$2"; sync ;;
esac
`;

const run = (transport: Transport, words: readonly string[], signal: AbortSignal, timeoutMs = 30_000) =>
  transport.exec(["sh", "-s", "--", ...words], { stdin: script, signal, timeoutMs, allowFailure: true });

export interface FreezeOutcome {
  readonly ok: boolean;
  /** Whether anything was frozen before. */
  readonly wasFrozen: boolean;
  /** The machine's output, when not ok. */
  readonly output: string;
}

/** Whether pods or control plane of the node are frozen, completely or in part. Read-only. */
export async function isFrozen(transport: Transport, signal: AbortSignal): Promise<boolean> {
  return (await run(transport, ["look"], signal, 8000)).stdout.trim() === "frozen";
}

/** Freezes pods and control plane; thaws what it froze when it cannot freeze all. Idempotent. */
export const freezeNode = (transport: Transport, signal: AbortSignal): Promise<FreezeOutcome> =>
  outcome(transport, "freeze", signal);

/** Thaws pods and control plane, also after a freeze that was interrupted anywhere. Idempotent. */
export const thawNode = (transport: Transport, signal: AbortSignal): Promise<FreezeOutcome> =>
  outcome(transport, "thaw", signal);

async function outcome(transport: Transport, verb: string, signal: AbortSignal): Promise<FreezeOutcome> {
  const { exitCode, stdout, stderr } = await run(transport, [verb], signal);
  return { ok: exitCode === 0, wasFrozen: stdout.includes("frozen"), output: stderr.trim() };
}

/**
 * Stops the kubelet and ends all pods: those that handle SIGTERM get up to `graceMs`, the others end at once; then writes what they left to
 * the disk. A paused node is thawed for it. Idempotent.
 */
export async function endPods(transport: Transport, graceMs: number, signal: AbortSignal): Promise<void> {
  await run(transport, ["end", String(Math.ceil(graceMs / 100))], signal, Math.ceil(graceMs) + 20_000);
}
