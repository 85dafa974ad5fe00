import type { ListedMachine } from "../../src/contract/driver.ts";
import type { RunContext } from "../../src/contract/host.ts";
import { type Engine, ownerLabel } from "./engine.ts";
import { stateOf } from "./machine-state.ts";
import { networkOfContainer } from "./network.ts";
import { folderState, otherHome } from "./ownership.ts";
import { labelledObjects, ourContainers } from "./our-containers.ts";

/**
 * All machines of this state folder. If only the volume or the network of one is left (a killed create, a container removed by hand), it is
 * listed as `absent`: `removeByName` clears it. Machines of another state folder are listed, with that folder, when the folder does not exist
 * now; they are not listed when it exists or when this cannot be determined.
 */
export async function listMachines(engine: Engine, c: RunContext): Promise<readonly ListedMachine[]> {
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
