import { isDeepStrictEqual } from "node:util";
import type { MachineRef, MachineSpec } from "../../../contract/driver.ts";
import { LocalkubeError } from "../../../contract/errors/localkube-error.ts";
import type { RunContext } from "../../../contract/host.ts";
import { firstNode } from "../../../contract/node.ts";
import type { Step } from "../../../contract/step.ts";
import { ensureKeys } from "../../../machine/ssh/keys.ts";
import { apiServerPort } from "../../../provision/node/guest-paths.ts";
import { isForeign } from "../../../runtimes/foreign/index.ts";
import { costText } from "../../access/cost-text.ts";
import { type NodeBase, type NodeState, recordedMachine, recordMachine } from "../state.ts";
import { askForeignServer } from "./cri-server.ts";

export const machineCreate: Step<NodeState, NodeBase> = {
  id: "machine-create",
  title: "Creating the machine",
  // A bare metal server is installed during this step; drivers have deadlines of their own.
  timeoutMs: 2_400_000,
  plan: ({ cluster: { record }, definition, machineName }) => {
    const { cpus, memoryMiB } = record.spec;
    const { name, capabilities } = definition;
    const sentences = {
      created: `create the machine ${machineName} with ${name}: ${cpus} CPUs, ${memoryMiB} MiB`,
      rented: `rent the machine ${machineName} through ${name}, after printing its price`,
      existing: `use the host of the driver ${name} as the machine ${machineName}`,
    };
    return [sentences[capabilities.origin]];
  },
  undo: {
    title: "Removing the machine",
    async run(node, c) {
      const { driver, machineName } = node;
      const machine = recordedMachine(node);
      if (machine) return driver.remove(machine, c);
      await driver.removeByName(machineName, c).catch(async (error: unknown) => {
        const id = error instanceof LocalkubeError ? error.id : "";
        // Without its program the driver cannot have created anything either.
        if (id === "HOST_COMMAND_NOT_FOUND") return;
        // A foreign machine with this name is why this cluster was never created. It stays; the record can be removed.
        if (id !== "DRIVER_OTHER_HOME" && id !== "DRIVER_NAME_TAKEN") throw error;
        const listed = await driver.list(c);
        if (listed.some(({ name, home }) => name === machineName && home === undefined)) throw error;
        c.log(`left alone: ${String(error)}`);
      });
    },
  },
  async apply(s, c) {
    const { driver, cluster } = s;
    const recorded = recordedMachine(s);
    if (recorded) {
      // Before its state is queried: the change may concern how it is reached.
      const machine =
        (await driver.withOptions?.(recorded, cluster.record.spec.driverOptions, c)) ?? recorded;
      if (!isDeepStrictEqual(machine, recorded)) await recordMachine(s, machine);
      await refuseUnlessKnown(s, machine, c);
      s.machine = machine;
      return "unchanged";
    }
    const spec = await machineSpec(s, c);
    const cost = await driver.cost?.estimate(spec, c);
    if (cost) cluster.notice(`the machine ${spec.name} will cost ${costText(cost)}`, "info");
    const machine = await driver.create(spec, c);
    await recordMachine(s, machine);
    s.machine = machine;
    return undefined;
  },
};

async function machineSpec(node: NodeState, c: RunContext): Promise<MachineSpec> {
  const { cluster: s, name, machineName, paths } = node;
  const { identity, hostKey } = await ensureKeys({
    identityFile: paths.identity,
    hostKeyFile: paths.hostKey,
  });
  const { spec } = s.record;
  return {
    name: machineName,
    hostname: name,
    cpus: spec.cpus,
    memoryMiB: spec.memoryMiB,
    diskGiB: spec.diskGiB,
    image: await s.image.build(c),
    ports: [
      { name: "ssh", guestPort: 22, hostPort: 0 },
      { name: "api", guestPort: apiServerPort, hostPort: node === firstNode(s) ? spec.apiServer.port : 0 },
    ],
    authorizedKey: identity.publicKey,
    identityFile: paths.identity,
    hostKey,
    network: { cluster: spec.name, index: s.nodes.indexOf(node), avoid: [spec.podCidr, spec.serviceCidr] },
    options: spec.driverOptions,
    runtime: s.record.runtime,
    apiOverSsh: spec.apiServer.overSsh,
    ...(isForeign(s.record.runtime) && {
      inspect: async (transport) => {
        const { hasNetwork } = await askForeignServer(s, transport, c.signal);
        return hasNetwork ? [spec.podCidr] : [];
      },
    }),
  };
}

/** A machine that is gone or in an unknown state is reported, never repaired by creating another one. */
async function refuseUnlessKnown(s: NodeState, machine: MachineRef, c: RunContext): Promise<void> {
  const state = await s.driver.state(machine, c);
  const { name } = machine;
  const driver = s.definition.name;
  if (state === "absent") throw new LocalkubeError("DRIVER_MACHINE_ABSENT", { driver, name });
  if (state === "broken" || state === "unknown") {
    throw new LocalkubeError(
      "DRIVER_MACHINE_BROKEN",
      { driver, name, state },
      { output: await s.driver.diagnose(machine, c) },
    );
  }
}
