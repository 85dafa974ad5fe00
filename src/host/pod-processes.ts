/**
 * An environment variable that marks containers of ours which keep no data and which other pods may need while they shut down, such as
 * cluster DNS: at `stop` they serve until all others have ended, and nothing waits for them.
 */
export const endsLast = { name: "LOCALKUBE_SHUTDOWN", value: "last" } as const;

/**
 * Shell functions for the processes of a node's pods, whatever runtime started them: they are found, frozen, thawed and ended through the
 * kubelet's cgroup. POSIX sh, run as root in the machine; all succeed when there are no pods.
 *
 * - `pod_processes` prints their ids.
 * - `freeze_pods` freezes all of them and waits for it; fails when one could not be frozen within 5 s.
 * - `thaw_pods` thaws them, including those of a single container frozen by someone else. In cgroup v1, not even SIGKILL ends a frozen process.
 * - `pods_frozen` succeeds when any of them is frozen.
 * - `end_pods TENTHS` ends them: SIGTERM, up to TENTHS tenths of a second for those that handle it, SIGKILL. Those with the variable
 * `endsLast` keep running until then and get no SIGTERM.
 */
export const podFunctions = String.raw`
cgroups=/sys/fs/cgroup
# By systemd or by the kubelet itself (cgroup driver cgroupfs); cgroup v2; v1 and hybrid.
pod_groups="$cgroups/kubepods.slice $cgroups/systemd/kubepods.slice $cgroups/kubepods $cgroups/systemd/kubepods $cgroups/freezer/kubepods"
pod_processes() { find $pod_groups -name cgroup.procs -exec cat {} + 2>/dev/null | sort -u; }

freezers() {
  find $cgroups/kubepods.slice $cgroups/kubepods -name cgroup.freeze 2>/dev/null
  find $cgroups/freezer/kubepods.slice $cgroups/freezer/kubepods -name freezer.state 2>/dev/null
}
freeze_pods() { freeze_group kubepods.slice && freeze_group kubepods; }
freeze_group() {
  v2=$cgroups/$1 v1=$cgroups/freezer/$1
  if [ -e "$v2/cgroup.freeze" ]; then
    echo 1 > "$v2/cgroup.freeze" || return 1
    for i in $(seq 50); do grep -qx 'frozen 1' "$v2/cgroup.events" && return 0; sleep 0.1; done
  elif [ -e "$v1/freezer.state" ]; then
    for i in $(seq 50); do
      echo FROZEN > "$v1/freezer.state" || return 1
      [ "$(cat "$v1/freezer.state")" = FROZEN ] && return 0
      sleep 0.1
    done
  else
    [ -z "$(find "$cgroups/$1" "$cgroups/systemd/$1" -name cgroup.procs -exec cat {} + 2>/dev/null)" ] && return 0
  fi
  echo "the pods could not be frozen" >&2
  return 1
}
thaw_pods() {
  freezers | while IFS= read -r file; do
    case $file in *cgroup.freeze) echo 0 ;; *) echo THAWED ;; esac > "$file" 2>/dev/null
  done
  ! pods_frozen
}
pods_frozen() {
  # In a shell of its own: whoever uses these functions has variables, too.
  ( files=$(freezers); [ "$files" ] && grep -qxE '1|FROZEN|FREEZING' $files 2>/dev/null )
}

# Those of the arguments that handle SIGTERM. The first process of a container without a handler never sees that signal: the kernel drops it.
handling() {
  for pid; do
    caught=$(sed -n 's/^SigCgt:[[:space:]]*//p' "/proc/$pid/status" 2>/dev/null)
    # Signal 15 is bit 14: of the fourth hexadecimal digit from the right, the bit of weight 4.
    case $caught in *[4567cdefCDEF]???) echo "$pid" ;; esac
  done
}
ends_last() {
  for pid; do
    tr '\0' '\n' < "/proc/$pid/environ" 2>/dev/null | grep -qx '${endsLast.name}=${endsLast.value}' && echo "$pid"
  done
}
# Without those in $last, and without the process that holds a pod's namespaces: with a shared process namespace its end is the end of all.
ends_first() {
  for pid; do
    case " $last " in *" $pid "*) continue ;; esac
    [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = pause ] || echo "$pid"
  done
}

end_pods() {
  # Else it would start them again.
  systemctl stop kubelet.service 2>/dev/null
  thaw_pods
  last=$(echo $(ends_last $(pod_processes)))
  pids=$(ends_first $(pod_processes))
  [ "$pids" ] && kill -s TERM $pids 2>/dev/null
  left=$1
  while [ "$left" -gt 0 ] && [ "$(handling $(ends_first $(pod_processes)))" ]; do sleep 0.1; left=$((left - 1)); done
  # Again, for what was forked meanwhile.
  for i in 1 2 3 4 5 6 7 8 9 10; do
    pids=$(pod_processes)
    [ "$pids" ] || break
    kill -s KILL $pids 2>/dev/null
    sleep 0.1
  done
  return 0
}
`;
