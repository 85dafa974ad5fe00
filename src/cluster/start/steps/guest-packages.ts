import type { Step } from "../../../contract/step.ts";
import { guestFacts } from "../../../provision/guest/guest-facts.ts";
import { ensureGuestPackages } from "../../../provision/guest/guest-packages.ts";
import { firewallScope } from "./firewall.ts";
import { set, type StartState } from "../state.ts";

/** A machine made from our own image has all this. */
const isOurImage = ({ definition, record }: StartState): boolean =>
  definition.capabilities.image !== "none" && record.spec.image === "" && record.spec.os === "debian";

/** Debian packages that a machine lacks which is not made from our image. */
export const guestPackages: Step<StartState> = {
  id: "guest-packages",
  title: "Installing packages in the machine",
  needs: ["machine-connect"],
  timeoutMs: 660_000,
  check: (s) => Promise.resolve(isOurImage(s) ? "done" : "todo"),
  plan: (s) =>
    isOurImage(s) ? [] : ["install in the machine what it lacks of a node's programs, if it has apt"],
  async apply(s, c) {
    const transport = set(s, "transport");
    // Upstream's artifacts bring etcd, the runtime and the plugins themselves.
    const programs = s.plan.source === "debian";
    const firewall = firewallScope(s) !== undefined;
    const installed = await ensureGuestPackages(transport, set(s, "facts"), { programs, firewall }, c);
    if (installed.length === 0) return "unchanged";
    s.notice(`installed in the machine: ${installed.join(", ")}`, "info");
    s.facts = await guestFacts(transport, c.signal);
    return undefined;
  },
};
