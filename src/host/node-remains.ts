/**
 * Shell functions that take off a node what pods and their runtime leave outside of files. POSIX sh, run as root; all succeed when there is nothing
 * (left) to do. `$note`, if it is set, is a folder with the lists `chains` and `links` of what was there before the cluster, which stays.
 *
 * - `unmount_below FOLDER…` unmounts what is mounted at or below the folders, last mounted first.
 * - `end_namespaces` removes the network namespaces of pods.
 * - `clean_filters` takes chains whose names begin so out of every table, with the rules that lead into them or name one of the interfaces; each
 * table at once. Tables of nftables go as a whole.
 */
export const remainsFunctions = ({
  chains,
  links,
  tables = [],
}: {
  /** Beginnings of names of chains. */
  readonly chains: readonly string[];
  readonly links: readonly string[];
  /** With their families: `ip NAME`. */
  readonly tables?: readonly string[];
}): string => String.raw`
unmount_below() {
  for folder; do
    awk -v folder="$folder" '$5 == folder || index($5, folder "/") == 1 { print $5 }' /proc/self/mountinfo |
      sort -r | while IFS= read -r place; do umount -l "$place" 2>/dev/null; done
  done
}
end_namespaces() {
  for place in /run/netns/cni-*; do
    [ -e "$place" ] || continue
    umount -l "$place" 2>/dev/null
    rm -f "$place"
  done
}
clean_filters() { clean_filter iptables; clean_filter ip6tables;${tables.map((table) => ` PATH=$PATH:/usr/sbin:/sbin nft delete table ${table} 2>/dev/null;`).join("")} }
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
