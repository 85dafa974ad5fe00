import ipaddr from "ipaddr.js";
import { apiServerPort } from "../node/guest-paths.ts";

export interface FirewallPlan {
  readonly sshPort: number;
  readonly podCidr: string;
  /** Address that may reach the API, NodePorts and pods; absent = nobody. */
  readonly caller?: string;
}

/**
 * nftables rules of a machine with a public address: in comes what was asked for from within, what pods send, SSH, and the caller. A table of
 * its own, replaced as a whole in one transaction; other tables are left alone, and what they drop stays dropped. Pure; throws for an
 * address that is none, as it becomes text.
 */
export function firewallRules({ sshPort, podCidr, caller }: FirewallPlan): string {
  const from = caller === undefined ? undefined : source(caller);
  const always = [
    "ct state established,related accept",
    'iif "lo" accept',
    // Only from where the way back leads: nobody outside can pretend to be a pod.
    `ip saddr ${ipaddr.IPv4.parseCIDR(podCidr).join("/")} fib saddr . iif oif exists accept`,
  ];
  const input = [
    ...always,
    "meta l4proto { icmp, ipv6-icmp } accept",
    "udp dport { 68, 546 } accept",
    `tcp dport ${Number(sshPort)} accept`,
    ...(from ? [`${from} tcp dport { ${apiServerPort}, 30000-32767 } accept`] : []),
  ];
  // NodePorts were given a pod's address by then.
  const forward = [...always, ...(from ? [`${from} accept`] : [])];
  const chain = (name: string, rules: readonly string[]) =>
    [
      `\tchain ${name} {`,
      `\t\ttype filter hook ${name} priority -10; policy drop;`,
      ...rules.map((rule) => `\t\t${rule}`),
      "\t}",
    ].join("\n");
  // The first line makes the second one work where there is no table yet.
  return `${[
    "table inet localkube",
    "delete table inet localkube",
    "table inet localkube {",
    chain("input", input),
    chain("forward", forward),
    "}",
  ].join("\n")}\n`;
}

/** sshd tells IPv4 callers of a dual-stack socket as they are; a zone of a link-local address is not part of it. */
function source(address: string): string {
  const parsed = ipaddr.process(address.replace(/%.*$/, ""));
  return `${parsed.kind() === "ipv4" ? "ip" : "ip6"} saddr ${parsed.toString()}`;
}
