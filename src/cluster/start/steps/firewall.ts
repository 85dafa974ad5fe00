import type { DriverDefinition } from "../../../contract/driver.ts";
import type { Step } from "../../../contract/step.ts";
import { ensureFirewall } from "../../../provision/guest/ensure-firewall.ts";
import type { FirewallPlan } from "../../../provision/guest/firewall-rules.ts";
import { set, type StartState } from "../state.ts";

type Isolation = DriverDefinition["capabilities"]["isolation"];

/** Machines whose address is not ours alone. A rented server is closed; a host that is there already has services of its own. */
const scopes: Readonly<Record<Isolation, FirewallPlan["scope"] | undefined>> = {
  container: undefined,
  vm: undefined,
  metal: "closed",
  host: "shared",
};

/** Which firewall of ours the cluster's machine gets; undefined = none. */
export const firewallScope = ({
  definition,
}: Pick<StartState, "definition">): FirewallPlan["scope"] | undefined =>
  scopes[definition.capabilities.isolation];

const plans = {
  closed: "close the machine by a firewall but for SSH",
  shared: "close the cluster's ports of the host to other machines by a firewall",
} as const;

/** Before anything listens there: everybody may try the address. */
export const firewall: Step<StartState> = {
  id: "firewall",
  title: "Closing the machine to strangers",
  needs: ["guest-packages"],
  timeoutMs: 120_000,
  check: (s) => Promise.resolve(firewallScope(s) ? "todo" : "done"),
  plan(s) {
    const scope = firewallScope(s);
    return scope ? [plans[scope]] : [];
  },
  async apply(s, c) {
    const { access, api } = set(s, "machine");
    const plan = {
      scope: firewallScope(s) ?? "closed",
      sshPort: access?.port ?? 22,
      podCidr: s.record.spec.podCidr,
      admitCaller: api === "direct",
    };
    return (await ensureFirewall(set(s, "transport"), plan, c)) ? undefined : "unchanged";
  },
};
