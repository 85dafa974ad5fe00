import { expect, test } from "vitest";
import { firewallRules } from "../../../../src/provision/guest/firewall-rules.ts";

const plan = { scope: "closed" as const, sshPort: 22, podCidr: "10.244.0.0/16" };

test("nobody comes in but to SSH", () => {
  expect(firewallRules(plan)).toMatchInlineSnapshot(`
    "table inet localkube
    delete table inet localkube
    table inet localkube {
    	chain input {
    		type filter hook input priority -10; policy drop;
    		ct state established,related accept
    		iif "lo" accept
    		ip saddr 10.244.0.0/16 fib saddr . iif oif exists accept
    		meta l4proto { icmp, ipv6-icmp } accept
    		udp dport { 68, 546 } accept
    		tcp dport 22 accept
    	}
    	chain forward {
    		type filter hook forward priority -10; policy drop;
    		ct state established,related accept
    		iif "lo" accept
    		ip saddr 10.244.0.0/16 fib saddr . iif oif exists accept
    	}
    }
    "
  `);
});

test.each([
  ["192.0.2.7", "ip saddr 192.0.2.7"],
  ["::ffff:192.0.2.7", "ip saddr 192.0.2.7"],
  ["2001:db8:0::7", "ip6 saddr 2001:db8::7"],
  ["fe80::1%eth0", "ip6 saddr fe80::1"],
])("the caller %s is admitted to API, NodePorts and pods", (caller, from) => {
  const rules = firewallRules({ ...plan, caller });
  expect(rules).toContain(`\t\t${from} tcp dport { 6443, 30000-32767 } accept\n`);
  expect(rules).toContain(`\t\t${from} accept\n`);
});

test.each(["", "0.0.0.0/0", "1.2.3.4 accept; policy accept", "x"])("'%s' is no caller", (caller) => {
  expect(() => firewallRules({ ...plan, caller })).toThrow();
});

const shared = { ...plan, scope: "shared" as const };

test("a host with services of its own keeps them open; only what the cluster opens is closed", () => {
  expect(firewallRules(shared)).toMatchInlineSnapshot(`
    "table inet localkube
    delete table inet localkube
    table inet localkube {
    	chain input {
    		type filter hook input priority -10; policy accept;
    		ct state established,related accept
    		iif "lo" accept
    		ip saddr 10.244.0.0/16 fib saddr . iif oif exists accept
    		tcp dport { 6443, 10250 } drop
    		meta l4proto { tcp, udp, sctp } ct status dnat ct original proto-dst 30000-32767 drop
    	}
    	chain forward {
    		type filter hook forward priority -10; policy accept;
    		ct state established,related accept
    		iif "lo" accept
    		ip saddr 10.244.0.0/16 fib saddr . iif oif exists accept
    		ip daddr 10.244.0.0/16 drop
    	}
    }
    "
  `);
});

test("the caller reaches the API, NodePorts and pods of a shared host", () => {
  const rules = firewallRules({ ...shared, caller: "192.0.2.7" }).split("\n");
  const at = (rule: string) => rules.indexOf(`\t\t${rule}`);
  const admitted = at("ip saddr 192.0.2.7 tcp dport { 6443, 30000-32767 } accept");
  expect(admitted).toBeGreaterThan(0);
  expect(at("tcp dport { 6443, 10250 } drop")).toBeGreaterThan(admitted);
  expect(
    at("meta l4proto { tcp, udp, sctp } ct status dnat ct original proto-dst 30000-32767 drop"),
  ).toBeGreaterThan(
    at(
      "ip saddr 192.0.2.7 meta l4proto { tcp, udp, sctp } ct status dnat ct original proto-dst 30000-32767 accept",
    ),
  );
  expect(at("ip daddr 10.244.0.0/16 drop")).toBeGreaterThan(at("ip saddr 192.0.2.7 accept"));
});
