import type { Step } from "../../contract/step.ts";
import { ensureFirewall } from "../../provision/guest/ensure-firewall.ts";
import { set, type StartState } from "../start-state.ts";

const isPublic = ({ definition }: StartState): boolean => definition.capabilities.isolation === "metal";

/** Before anything listens there: a rented server's address is everybody's to try. */
export const firewall: Step<StartState> = {
  id: "firewall",
  title: "Closing the machine to strangers",
  needs: ["guest-packages"],
  timeoutMs: 120_000,
  check: (s) => Promise.resolve(isPublic(s) ? "todo" : "done"),
  plan: (s) => (isPublic(s) ? ["close the machine by a firewall but for SSH"] : []),
  async apply(s, c) {
    const { access, api } = set(s, "machine");
    const plan = {
      sshPort: access?.port ?? 22,
      podCidr: s.record.spec.podCidr,
      admitCaller: api === "direct",
    };
    return (await ensureFirewall(set(s, "transport"), plan, c)) ? undefined : "unchanged";
  },
};
