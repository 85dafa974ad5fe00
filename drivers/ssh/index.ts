import type { DriverDefinition, ListedMachine } from "../../src/contract/driver.ts";
import type { RunContext } from "../../src/contract/host.ts";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { ConnectSsh } from "../../src/contract/transport.ts";
import { findProgram } from "../../src/host/find-program.ts";
import { createMachine } from "./create-machine.ts";
import { hostAccess, withHost } from "./host-access.ts";
import { hostNames, readHostFile } from "./host-file.ts";
import { accessOf, diagnoseMachine, machineState } from "./machine-state.ts";
import { startUnits, stopUnits } from "./power.ts";
import { type OnHost, pathsOf, type RuntimeOnHost } from "./node-paths.ts";
import { readOptions } from "./read-options.ts";
import { forgetMachine, removeByName, removeMachine } from "./remove-machine.ts";

/** A machine whose file cannot be read is `broken`, and does not hide the others. */
async function listed(connect: ConnectSsh, name: string, c: RunContext): Promise<readonly ListedMachine[]> {
  try {
    const file = await readHostFile(c.host, name);
    return file ? [{ name, state: await machineState(connect, file.ref, c) }] : [];
  } catch (error) {
    if (error instanceof LocalkubeError && error.id === "STATE_UNREADABLE")
      return [{ name, state: "broken" }];
    throw error;
  }
}

/** A host that exists already, reached over SSH. It is never powered on or off; start and stop apply to the cluster's units. */
export default (connect: ConnectSsh, runtimes: readonly RuntimeOnHost[]): DriverDefinition => {
  return definition({ connect, runtimes });
};

const definition = (on: OnHost): DriverDefinition => ({
  apiVersion: 1,
  name: "ssh",
  summary: "An existing Linux host, over SSH",
  priority: "named",
  capabilities: {
    resources: "own",
    origin: "existing",
    bootMs: 170_000,
    answerMs: 5000,
    firewall: "shared",
    hasOwnClock: false,
    firstBootByProvider: false,
    powerButton: true,
    forwardsApi: false,
    image: "none",
    suspend: false,
    snapshot: false,
    resize: false,
    volumes: false,
  },
  async probe(host) {
    if (await findProgram("ssh", host)) return { usable: true };
    return {
      usable: false,
      problem: "the OpenSSH client is not installed",
      fix: "sudo apt-get install openssh-client",
      packages: ["openssh-client"],
    };
  },
  open: (host) => ({
    create: (spec, c) => createMachine(on, spec, c),
    async start(machine, c) {
      const isOurs = await withHost(on.connect, accessOf(machine), c, (transport) =>
        startUnits(transport, pathsOf(on, machine), c.signal),
      );
      if (!isOurs) throw new LocalkubeError("DRIVER_MACHINE_ABSENT", { driver: "ssh", name: machine.name });
    },
    stop: (machine, c) =>
      withHost(on.connect, accessOf(machine), c, (transport) =>
        stopUnits(transport, pathsOf(on, machine), c.graceMs, c.signal),
      ),
    remove: (machine, c) => removeMachine(on, machine, c),
    removeByName: (name, c) => removeByName(on, name, c),
    state: (machine, c) => machineState(on.connect, machine, c),
    diagnose: (machine, c) => diagnoseMachine(on.connect, machine, c),
    list: async (c) =>
      (await Promise.all((await hostNames(host)).map((name) => listed(on.connect, name, c)))).flat(),
    purge: () => Promise.resolve([]),
    async withOptions(machine, values, c) {
      const access = await hostAccess(readOptions(values), on.connect, c, accessOf(machine));
      return { ...machine, access, ports: { ...machine.ports, ssh: access.port } };
    },
    forget: (machine, c) => forgetMachine(machine, c),
  }),
});
