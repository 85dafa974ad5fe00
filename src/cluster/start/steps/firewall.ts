import type { Step } from "../../../contract/step.ts";
import { ensureFirewall } from "../../../provision/guest/ensure-firewall.ts";
import { need, type NodeBase, type NodeState } from "../state.ts";

const plans = {
  none: [],
  closed: ["configure the machine's firewall: only SSH is let in"],
  shared: ["configure the host's firewall: the cluster's ports are closed to other machines"],
} as const;

/** Before anything listens there: the address may be open to everyone. */
export const firewall: Step<NodeState, NodeBase> = {
  id: "firewall",
  title: "Configuring the firewall",
  timeoutMs: 120_000,
  plan: ({ definition }) => plans[definition.capabilities.firewall],
  async apply(s, c) {
    const { access, api } = need(s, "machine");
    const { firewall: scope } = s.definition.capabilities;
    if (scope === "none") return "unchanged";
    const plan = {
      scope,
      sshPort: access?.port ?? 22,
      podCidr: s.cluster.record.spec.podCidr,
      admitCaller: api === "direct",
    };
    return (await ensureFirewall(need(s, "transport"), plan, c)) ? undefined : "unchanged";
  },
};
