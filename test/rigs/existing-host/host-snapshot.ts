import type { ExistingHost } from "./existing-host.ts";

// Logs, caches (those of ldconfig, after packages came and went) and random seeds belong to the host's own daily life; so do sudo's and PAM's marks of a login.
const script = `
set -f
prune() { for path; do printf -- '-path %s -prune -o ' "$path"; done; }
find / -xdev $(prune /proc /sys /dev /run /tmp /var) -print 2>/dev/null
find /var -xdev $(prune /var/log '/var/lib/systemd/*' /var/lib/apt/extended_states /var/tmp) -print
find /run -xdev $(prune /run/systemd /run/user /run/sudo /run/log /run/adduser /run/motd.dynamic /run/lock) -print
systemctl list-unit-files --no-legend --no-pager --type=service,socket,timer,slice,scope | awk '{ print "unit", $1, $2 }'
dpkg-query -W -f 'package \${Package} \${Version} \${db:Status-Status}\\n'
{ iptables-save; ip6tables-save; } | sed -n -e 's/^:\\([^ ]*\\) -.*/chain \\1/p' -e 's/^-A/rule/p'
ip -o link | awk -F': ' '{ sub(/@.*/, "", $2); print "link", $2 }'
sed 's/^/account /' /etc/passwd /etc/group
awk '{ print "mount", $5 }' /proc/self/mountinfo
find /etc /usr/local -xdev -type f -exec sha256sum {} + | sed 's/^/content /'
`;

const daily =
  /^(\/run\/netns|\/var\/cache\/ldconfig\/aux-cache|\/home\/\w+\/\.sudo_as_admin_successful|\/var\/lib\/(apt\/lists\/auxfiles|dpkg\/.*|sudo.*|pam.*)|\/etc\/(passwd|group|shadow|gshadow|subuid|subgid)-|.* \/etc\/(passwd|group|shadow|gshadow|subuid|subgid)-|content \S+ {2}\/etc\/(ld\.so\.cache|mtab)|\/etc\/\.pwd\.lock)$/;

/** What a host has: files, units, packages, packet filter, interfaces, accounts, mounts, and the content of its configuration. Sorted lines. */
export async function hostSnapshot(host: ExistingHost): Promise<readonly string[]> {
  const lines = (await host.root(script)).split("\n").filter((line) => line !== "" && !daily.test(line));
  return [...new Set(lines)].sort();
}
