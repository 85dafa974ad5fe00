import ipaddr from "ipaddr.js";
import { apiServerPort, kubeletPort } from "../node/guest-paths.ts";

export interface FirewallPlan {
  /**
   * `closed`: only SSH is reachable. `shared`: the machine has services of its own, which are left alone; only what the cluster opens is
   * closed: API server, kubelet, NodePorts, host ports and pods.
   */
  readonly scope: "closed" | "shared";
  readonly sshPort: number;
  readonly podCidr: string;
  /** Address that may reach the API, NodePorts and pods; absent = nobody. */
  readonly caller?: string;
}

const nodePorts = "30000-32767";
/** What kube-proxy has sent to the node itself, where a pod on the host's network answers; other redirections are the host's own. */
// nft knows what kind of port this is only when it knows the protocol.
const toNodePort = `meta l4proto { tcp, udp, sctp } ct status dnat ct original proto-dst ${nodePorts}`;

/**
 * nftables rules of a machine that others can reach: they admit replies, what pods send, SSH, and the caller. A table of
 * its own, replaced as a whole in one transaction; other tables are left alone, and what they drop stays dropped. Pure; throws for an
 * address that is none, as it becomes text.
 */
export function firewallRules({ scope, sshPort, podCidr, caller }: FirewallPlan): string {
  const from = caller === undefined ? undefined : source(caller);
  const pods = ipaddr.IPv4.parseCIDR(podCidr).join("/");
  const always = [
    "ct state established,related accept",
    'iif "lo" accept',
    // Only on the interface the reply would leave by: nobody outside can pretend to be a pod.
    `ip saddr ${pods} fib saddr . iif oif exists accept`,
  ];
  const admitted = from ? [`${from} tcp dport { ${apiServerPort}, ${nodePorts} } accept`] : [];
  const input =
    scope === "closed"
      ? [
          ...always,
          "meta l4proto { icmp, ipv6-icmp } accept",
          "udp dport { 68, 546 } accept",
          `tcp dport ${Number(sshPort)} accept`,
          ...admitted,
        ]
      : [
          ...always,
          ...admitted,
          ...(from ? [`${from} ${toNodePort} accept`] : []),
          `tcp dport { ${apiServerPort}, ${kubeletPort} } drop`,
          `${toNodePort} drop`,
        ];
  // NodePorts were given a pod's address by then.
  const forward = [
    ...always,
    ...(from ? [`${from} accept`] : []),
    ...(scope === "shared" ? [`ip daddr ${pods} drop`] : []),
  ];
  const policy = scope === "closed" ? "drop" : "accept";
  const chain = (name: string, rules: readonly string[]) =>
    [
      `\tchain ${name} {`,
      `\t\ttype filter hook ${name} priority -10; policy ${policy};`,
      ...rules.map((rule) => `\t\t${rule}`),
      "\t}",
    ].join("\n");
  // The first line makes the second one work where no table exists yet.
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
