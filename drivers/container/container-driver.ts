import type { DriverDefinition, ListedMachine } from "../../src/contract/driver.ts";
import type { RunContext } from "../../src/contract/host.ts";
import { createMachine } from "./create-machine.ts";
import { type Engine, type EngineDialect, openEngine, ownerLabel } from "./engine.ts";
import { removeImages } from "./machine-image.ts";
import { diagnoseMachine, machineState, stateOf } from "./machine-state.ts";
import { networkOfContainer } from "./network.ts";
import { labelledObjects, ourContainers } from "./our-containers.ts";
import { folderState, otherHome } from "./ownership.ts";
import { probeEngine } from "./probe-engine.ts";
import { removeEverything, removeRecorded } from "./remove-machine.ts";
import { startMachine, stopMachine } from "./power.ts";

/** A driver whose machine is a container with systemd and sshd; podman and docker differ only in their dialect. */
export function containerDriver(dialect: EngineDialect): DriverDefinition {
  return {
    apiVersion: 1,
    name: dialect.program,
    summary: `A container with systemd and sshd as the machine, run by ${dialect.program}`,
    priority: dialect.program === "podman" ? "default" : "fallback",
    capabilities: {
      resources: "shared",
      origin: "created",
      bootMs: 170_000,
      answerMs: 3000,
      firewall: "none",
      hasOwnClock: false,
      firstBootByProvider: false,
      powerButton: true,
      forwardsApi: true,
      image: "rootfs",
      suspend: false,
      snapshot: false,
      resize: false,
      volumes: false,
    },
    probe: (host) => probeEngine(dialect, host),
    open(host) {
      const engine = openEngine(dialect, host);
      return {
        create: (spec, c) => createMachine(engine, spec, c),
        start: (machine, c) => startMachine(engine, machine, c),
        stop: (machine, c) => stopMachine(engine, machine.name, c),
        remove: (machine, c) => removeRecorded(engine, machine, c),
        removeByName: (name, c) => removeEverything(engine, name, c),
        state: (machine, c) => machineState(engine, machine.name, c),
        diagnose: (machine, c) => diagnoseMachine(engine, machine.name, c),
        purge: (c) => removeImages(engine, c),
        list: (c) => listMachines(engine, c),
      };
    },
  };
}

/**
 * All machines of this state folder. If only the volume or the network of one is left (a killed create, a container removed by hand), it is
 * listed as `absent`: `removeByName` clears it. Machines of another state folder are listed, with that folder, when the folder does not exist
 * now; they are not listed when it exists or when this cannot be determined.
 */
async function listMachines(engine: Engine, c: RunContext): Promise<readonly ListedMachine[]> {
  const [containers, volumes, networks] = await Promise.all([
    ourContainers(engine, c),
    labelledObjects(engine, "volume", c),
    labelledObjects(engine, "network", c),
  ]);
  // The network of a cluster whose first machine is gone is in use as long as there is another one.
  const inUse = new Set(containers.map(networkOfContainer));
  const unused = networks.filter(({ labels }) => !inUse.has(labels[ownerLabel] ?? ""));
  const found = [
    ...[...volumes, ...unused].map(({ labels }) => ({ labels, state: "absent" as const })),
    // Last, because a container's state is the machine's.
    ...containers.map(({ Config, State }) => ({ labels: Config.Labels ?? {}, state: stateOf(State.Status) })),
  ];
  const machines = new Map<string, ListedMachine>();
  for (const { labels, state } of found) {
    const name = labels[ownerLabel] ?? "";
    const home = otherHome(labels, c.host);
    const isOurs = machines.has(name) && machines.get(name)?.home === undefined;
    if (home === undefined) machines.set(name, { name, state });
    else if (!isOurs && folderState(home) === "missing") machines.set(name, { name, state, home });
  }
  return [...machines.values()];
}
