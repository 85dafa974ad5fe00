import { remainsFunctions } from "../../src/host/node-remains.ts";
import { podFunctions } from "../../src/host/pod-processes.ts";
import { shellQuote } from "../../src/host/run-command.ts";
import type { NodePaths } from "./node-paths.ts";

/**
 * Shell functions that end what a node runs, as a reboot would: pods and their containers, units, mounts, network, packet filter. All succeed
 * when there is nothing (left) to do.
 */
export const quiesceFunctions = ({
  shims,
  units,
  mountTrees,
  links,
  chains,
  tables,
  keepsServer,
}: NodePaths): string => String.raw`
${podFunctions}
${remainsFunctions({ chains, links, tables })}
# Units that provisioning wrote, by the mark in their text.
our_units() { grep -l LOCALKUBE_INPUTS /etc/systemd/system/*.service /etc/systemd/system/*.socket 2>/dev/null | sed 's|.*/||'; }

# The shims above the pods.
shims() {
  for comm in /proc/[0-9]*/comm; do
    case "$(cat "$comm" 2>/dev/null)" in
${shims.map(({ comm, words }) => `      ${shellQuote([comm])}) words=${shellQuote([words])} ;;`).join("\n")}
      *) continue ;;
    esac
    pid=$(echo "$comm" | cut -d/ -f3)
    tr '\0' ' ' < "/proc/$pid/cmdline" 2>/dev/null | grep -qF -- "$words " && echo "$pid"
  done
}

end_units() {
  for unit in ${units.join(" ")} localkube-firewall.service; do
    [ -e "/etc/systemd/system/$unit" ] && grep -q LOCALKUBE_INPUTS "/etc/systemd/system/$unit" && systemctl stop "$unit"
  done
  pids=$(shims)
  [ "$pids" ] && kill -s KILL $pids 2>/dev/null
  systemctl stop kubepods.slice 2>/dev/null
  return 0
}

# Where pods have something mounted.
unmount_pods() { unmount_below ${mountTrees.join(" ")}; }

end_network() {
  ${keepsServer ? ":" : "end_namespaces"}
  for link in ${links.join(" ")}; do
    grep -qxF "$link" "$note/links" 2>/dev/null || ip link delete "$link" 2>/dev/null
  done
  clean_filters
  # Last: nothing of the cluster listens any more.
  PATH=$PATH:/usr/sbin:/sbin nft delete table inet localkube 2>/dev/null
  return 0
}
`;
