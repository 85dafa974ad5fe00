import type { Driver, DriverDefinition, MachineState } from "../../src/contract/driver.ts";
import type { RunContext } from "../../src/contract/host.ts";

/** What one hypervisor does in its own way. Operations take the machine's name: everything else is in its folder, or known to the hypervisor. */
export interface Hypervisor extends Pick<DriverDefinition, "name" | "summary" | "priority" | "probe"> {
  readonly create: Driver["create"];
  readonly list: Driver["list"];
  start(name: string, c: RunContext): Promise<void>;
  stop(name: string, c: RunContext & { readonly graceMs: number }): Promise<void>;
  readonly remove: Driver["removeByName"];
  look(name: string, c: RunContext): Promise<{ readonly state: MachineState }>;
  diagnose(name: string, c: RunContext): Promise<string>;
  readonly suspend: NonNullable<Driver["suspend"]>;
  readonly snapshots: NonNullable<Driver["snapshots"]>;
  readonly resize: NonNullable<Driver["resize"]>;
  readonly volumes: NonNullable<Driver["volumes"]>;
}

/** A driver whose machines are virtual machines on this computer. */
export const vmDriver = (hypervisor: Hypervisor): DriverDefinition => {
  const { name, summary, priority, probe, create, list, suspend, snapshots, resize, volumes } = hypervisor;
  return {
    apiVersion: 1,
    name,
    summary,
    priority,
    capabilities: {
      resources: "allotted",
      origin: "created",
      bootMs: 400_000,
      answerMs: 15_000,
      firewall: "none",
      hasOwnClock: true,
      firstBootByProvider: false,
      powerButton: true,
      forwardsApi: true,
      image: "disk",
      suspend: true,
      snapshot: true,
      resize: true,
      volumes: true,
    },
    probe,
    open: () => ({
      create,
      list,
      start: (m, c) => hypervisor.start(m.name, c),
      stop: (m, c) => hypervisor.stop(m.name, c),
      remove: (m, c) => hypervisor.remove(m.name, c),
      removeByName: hypervisor.remove,
      state: async (m, c) => (await hypervisor.look(m.name, c)).state,
      diagnose: (m, c) => hypervisor.diagnose(m.name, c),
      // Images belong to the cache; machines have links or copies of their own.
      purge: () => Promise.resolve([]),
      suspend,
      snapshots,
      resize,
      volumes,
    }),
  };
};
