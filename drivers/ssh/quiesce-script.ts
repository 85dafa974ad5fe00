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
}: NodePaths): string => String.raw`
${podFunctions}
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

# Last mounted first. $@: folders.
unmount_below() {
  for folder; do
    awk -v folder="$folder" '$5 == folder || index($5, folder "/") == 1 { print $5 }' /proc/self/mountinfo |
      sort -r | while IFS= read -r place; do umount -l "$place" 2>/dev/null; done
  done
}

# Where pods have something mounted.
unmount_pods() { unmount_below ${mountTrees.join(" ")}; }

end_network() {
  for place in /run/netns/cni-*; do
    [ -e "$place" ] || continue
    umount -l "$place" 2>/dev/null
    rm -f "$place"
  done
  for link in ${links.join(" ")}; do
    grep -qxF "$link" "$note/links" 2>/dev/null || ip link delete "$link" 2>/dev/null
  done
  clean_filter iptables
  clean_filter ip6tables
  # Last: nothing of the cluster listens any more.
  PATH=$PATH:/usr/sbin:/sbin nft delete table inet localkube 2>/dev/null
  return 0
}

# Takes chains of kube-proxy, the kubelet, our CNI plugins and the runtime out of every table, and the rules that lead into them or name its interfaces; each table at once. What
# was there before the cluster is listed in the note and stays.
clean_filter() {
  command -v "$1-save" >/dev/null || return 0
  before=$(cat "$note/chains" "$note/links" 2>/dev/null | tr '\n' ' ')
  "$1-save" 2>/dev/null | awk -v before="$before" '
    BEGIN { n = split(before, names, " "); for (i = 1; i <= n; i++) kept[names[i]] = 1 }
    function ours(chain) { return chain ~ /^(${chains.join("|")})/ && !(chain in kept) }
    function link(word) { return word ~ /^(${links.join("|")})$/ && !(word in kept) }
    /^\*/ { table = $0; cut = flush = drop = "" }
    /^:/ { chain = substr($1, 2); if (ours(chain)) { flush = flush "-F " chain "\n"; drop = drop "-X " chain "\n" } }
    /^-A / && !ours($2) {
      for (i = 3; i < NF; i++) if ((($i == "-j" || $i == "-g") && ours($(i + 1))) || (($i == "-i" || $i == "-o") && link($(i + 1)))) { sub(/^-A/, "-D"); cut = cut $0 "\n"; break }
    }
    /^COMMIT/ && cut flush != "" { printf "%s\n%s%s%sCOMMIT\n", table, cut, flush, drop }
  ' | "$1-restore" --noflush
}
`;
