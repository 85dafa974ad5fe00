import { LocalkubeError } from "../../../contract/errors/localkube-error.ts";
import type { Step } from "../../../contract/step.ts";
import { connect } from "../../../machine/ssh/transport.ts";
import { setClock } from "../../../provision/guest/set-clock.ts";
import { waitForFirstBoot } from "../../../provision/guest/wait-for-first-boot.ts";
import { type GuestFacts, guestFacts } from "../../../provision/guest/guest-facts.ts";
import { endpointOf } from "../../access/reach.ts";
import { thaw } from "../../life/pause.ts";
import { guestPrograms } from "../../../provision/programs/node-programs.ts";
import { ociRuntimesByName } from "../../../runtimes/oci/registry.ts";
import { need, type NodeBase, type NodeState, updateRecord } from "../state.ts";

export const machineConnect: Step<NodeState, NodeBase> = {
  id: "machine-connect",
  title: "Connecting over SSH",
  timeoutMs: 1_520_000,
  async apply(s, c) {
    const endpoint = await endpointOf(need(s, "machine"), s.paths, c.host);
    const { capabilities } = s.definition;
    const transport = await connect(endpoint, {
      signal: c.signal,
      timeoutMs: capabilities.bootMs,
      log: c.log,
    });
    s.transport = transport;
    // The clock is behind by the time the machine was suspended. Certificates and leases need it right.
    if (capabilities.hasOwnClock) await setClock(transport, c.signal);
    if (capabilities.firstBootByProvider) await waitForFirstBoot(transport, c);
    s.facts = await guestFacts(transport, guestPrograms(s.cluster.runtime), c.signal);
    c.log(`guest: ${JSON.stringify(s.facts)}`);
    refuseObstacles(s.facts, s.cluster.record.spec.ociRuntimes);
    if (!s.facts.isFrozen) return "unchanged";
    await thaw(s.cluster.record.spec.name, transport, c.signal);
    s.cluster.notice("the cluster was paused and has been resumed", "info");
    await updateRecord(s.cluster, (record) => ({ ...record, phase: "running" }));
    return undefined;
  },
};

/** Before anything is changed in the machine: pods would fail one by one, later. */
function refuseObstacles(facts: GuestFacts, names: readonly string[]): void {
  for (const { obstacle } of ociRuntimesByName(names)) {
    const found = obstacle(facts);
    if (found) throw new LocalkubeError("OCI_RUNTIME_UNSUITABLE", found);
  }
}
