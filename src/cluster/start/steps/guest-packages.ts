import type { Step } from "../../../contract/step.ts";
import { guestFacts } from "../../../provision/guest/guest-facts.ts";
import { ensureGuestPackages } from "../../../provision/guest/guest-packages.ts";
import { etcd, guestPrograms } from "../../../provision/programs/node-programs.ts";
import { runtimeByName } from "../../../runtimes/registry.ts";
import { need, type NodeBase, type NodeState } from "../state.ts";

/** Installs Debian packages that are missing in a machine that was not created from our image. */
export const guestPackages: Step<NodeState, NodeBase> = {
  id: "guest-packages",
  title: "Installing packages in the machine",
  timeoutMs: 660_000,
  plan: () => ["install missing packages in the machine, if it has apt"],
  async apply(s, c) {
    const transport = need(s, "transport");
    // Upstream's artifacts contain etcd, the runtime and the plugins themselves.
    const { runtime, plan } = s.cluster;
    const programs = plan.source === "debian" ? guestPrograms(runtime) : [];
    const units = [`${etcd.name}.service`, ...runtimeByName(runtime.name).unitNames];
    const firewall = s.definition.capabilities.firewall !== "none";
    const installed = await ensureGuestPackages(
      transport,
      need(s, "facts"),
      { programs, units, firewall },
      c,
    );
    if (installed.length === 0) return "unchanged";
    s.cluster.notice(`installed in the machine: ${installed.join(", ")}`, "info");
    s.facts = await guestFacts(transport, guestPrograms(runtime), c.signal);
    return undefined;
  },
};
