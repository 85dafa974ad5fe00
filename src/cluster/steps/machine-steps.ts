import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { MachineRef, MachineSpec } from "../../contract/driver.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { RunContext } from "../../contract/host.ts";
import type { Step } from "../../contract/step.ts";
import { installPackages } from "../../host/packages.ts";
import { ensureKeys } from "../../machine/ssh/ensure-keys.ts";
import { connect } from "../../machine/ssh/transport.ts";
import { apiServerPort } from "../../provision/node/guest-paths.ts";
import { setClock } from "../../provision/guest/set-clock.ts";
import { waitForFirstBoot } from "../../provision/guest/wait-for-first-boot.ts";
import { guestFacts } from "../../provision/guest/guest-facts.ts";
import { costText } from "../cost-text.ts";
import { endpointOf } from "../endpoint.ts";
import { machineName } from "../machine-name.ts";
import { thaw } from "../pause.ts";
import { type ClusterBase, set, type StartState, updateRecord } from "../start-state.ts";

export const hostPackages: Step<StartState> = {
  id: "host-packages",
  title: "Installing host packages",
  timeoutMs: 900_000,
  check: (s) => Promise.resolve(s.missingPackages.length ? "todo" : "done"),
  plan: (s) =>
    s.missingPackages.length
      ? [`install the Debian packages ${s.missingPackages.join(", ")} on this host`]
      : [],
  async apply(s, c) {
    // Confirmed before the first step, while there was no view on the terminal yet.
    await installPackages(s.missingPackages, c, { confirm: () => Promise.resolve(true) });
    const probe = await s.definition.probe(c.host);
    if (probe.usable) return;
    const { problem = "", fix = "" } = probe;
    throw new LocalkubeError("DRIVER_UNUSABLE", { driver: s.definition.name, problem, fix });
  },
};

export const machineImage: Step<StartState> = {
  id: "machine-image",
  title: "Preparing the machine image",
  needs: ["host-packages"],
  // An image from a slow server takes its time.
  timeoutMs: 5_400_000,
  check: async (s) => ((await needsNoImage(s)) ? "done" : "todo"),
  plan: async (s) => (s.image.plan === "" || (await needsNoImage(s)) ? [] : [`${s.image.plan}, once`]),
  async apply(s, c) {
    await s.image.build(c);
  },
};

/** A machine that is there needs no image any more. */
const needsNoImage = async (s: StartState): Promise<boolean> =>
  s.record.machine !== undefined || (await s.image.ready());

export const machineCreate: Step<StartState, ClusterBase> = {
  id: "machine-create",
  title: "Creating the machine",
  needs: ["machine-image"],
  // A bare metal server is installed meanwhile; drivers have deadlines of their own.
  timeoutMs: 2_400_000,
  plan: ({ record, definition }) => [
    definition.capabilities.isolation === "metal"
      ? `have the machine ${machineName(record.spec.name)} made by ${definition.name}, and say before what it costs`
      : definition.capabilities.isolation === "host"
        ? `take the host of the driver ${definition.name} as the machine ${machineName(record.spec.name)}`
        : `create the machine ${machineName(record.spec.name)} with ${definition.name}: ${record.spec.cpus} CPUs, ${record.spec.memoryMiB} MiB`,
  ],
  undo: {
    title: "Removing the machine",
    async run({ record, driver }, c) {
      if (record.machine) return driver.remove(record.machine, c);
      const name = machineName(record.spec.name);
      await driver.removeByName(name, c).catch(async (error: unknown) => {
        const id = error instanceof LocalkubeError ? error.id : "";
        // Without its program the driver could have made nothing either.
        if (id === "HOST_COMMAND_NOT_FOUND") return;
        // Whoever has the name is why this cluster was never made. It stays, and the record need not.
        if (id !== "DRIVER_OTHER_HOME" && id !== "DRIVER_NAME_TAKEN") throw error;
        const listed = await driver.list(c);
        if (listed.some((machine) => machine.name === name && machine.home === undefined)) throw error;
        c.log(`left alone: ${String(error)}`);
      });
    },
  },
  async apply(s, c) {
    const recorded = s.record.machine;
    if (recorded) {
      // Before it is asked for its state: what changed may be how it is reached.
      const machine = (await s.driver.withOptions?.(recorded, s.record.spec.driverOptions, c)) ?? recorded;
      if (!isDeepStrictEqual(machine, recorded)) await updateRecord(s, { machine });
      await refuseUnlessKnown(s, machine, c);
      s.machine = machine;
      return "unchanged";
    }
    const spec = await machineSpec(s, c);
    const cost = await s.driver.cost?.estimate(spec, c);
    if (cost) s.notice(`the machine ${spec.name} will cost ${costText(cost)}`, "info");
    const machine = await s.driver.create(spec, c);
    await updateRecord(s, { machine });
    s.machine = machine;
    return undefined;
  },
};

export const machineResize: Step<StartState> = {
  id: "machine-resize",
  title: "Resizing the machine",
  needs: ["machine-create"],
  timeoutMs: 180_000,
  async apply(s, c) {
    const { resize } = s.driver;
    const machine = set(s, "machine");
    const { cpus, memoryMiB, diskGiB, name } = s.record.spec;
    if (!resize) return "unchanged";
    const has = await resize.hardware(machine, c);
    if (has.cpus === cpus && has.memoryMiB === memoryMiB && has.diskGiB === diskGiB) return "unchanged";
    const state = await s.driver.state(machine, c);
    // Also while it runs, where nothing is done yet: a disk that cannot shrink is told at once.
    if (state === "stopped" || diskGiB < has.diskGiB) {
      await resize.resize(machine, { cpus, memoryMiB, diskGiB }, c);
      return undefined;
    }
    s.notice(
      `the new size takes effect after: localkube stop -p ${name} && localkube start -p ${name}`,
      "info",
    );
    return "unchanged";
  },
};

export const machineStart: Step<StartState> = {
  id: "machine-start",
  title: "Starting the machine",
  needs: ["machine-resize"],
  timeoutMs: 900_000,
  check: async (s, c) => ((await s.driver.state(set(s, "machine"), c)) === "running" ? "done" : "todo"),
  plan: () => ["start the machine"],
  apply: (s, c) => s.driver.start(set(s, "machine"), c),
};

/** An emulated machine takes a minute for its first boot, two on a busy host; a server's firmware alone may take five. */
const bootMs = { container: 170_000, host: 170_000, vm: 400_000, metal: 900_000 } as const;

export const machineConnect: Step<StartState> = {
  id: "machine-connect",
  title: "Connecting over SSH",
  needs: ["machine-start"],
  timeoutMs: 1_520_000,
  async apply(s, c) {
    const endpoint = await endpointOf(set(s, "machine"), s.paths, c.host);
    const { isolation } = s.definition.capabilities;
    const isVirtual = isolation === "vm";
    const timeoutMs = bootMs[isolation];
    const transport = await connect(endpoint, { signal: c.signal, timeoutMs, log: c.log });
    s.transport = transport;
    // Its clock is its own: behind by the time it was asleep. Certificates and leases need it right.
    if (isVirtual) await setClock(transport, c.signal);
    if (isolation === "metal") await waitForFirstBoot(transport, c);
    s.facts = await guestFacts(transport, c.signal);
    c.log(`guest: ${JSON.stringify(s.facts)}`);
    if (!s.facts.isFrozen) return "unchanged";
    await thaw(s.record.spec.name, transport, c.signal);
    s.notice("the cluster was paused and has been resumed", "info");
    await updateRecord(s, { phase: "running" });
    return undefined;
  },
};

async function machineSpec(s: StartState, c: RunContext): Promise<MachineSpec> {
  await mkdir(join(s.paths.identity, ".."), { recursive: true, mode: 0o700 });
  const { identity, hostKey } = await ensureKeys({
    identityFile: s.paths.identity,
    hostKeyFile: s.paths.hostKey,
  });
  const { spec } = s.record;
  return {
    name: machineName(spec.name),
    hostname: spec.name,
    cpus: spec.cpus,
    memoryMiB: spec.memoryMiB,
    diskGiB: spec.diskGiB,
    image: await s.image.build(c),
    ports: [
      { name: "ssh", guestPort: 22, hostPort: 0 },
      { name: "api", guestPort: apiServerPort, hostPort: spec.apiServer.port },
    ],
    authorizedKey: identity.publicKey,
    identityFile: s.paths.identity,
    hostKey,
    avoidNetworks: [spec.podCidr, spec.serviceCidr],
    options: spec.driverOptions,
    apiOverSsh: spec.apiServer.overSsh,
  };
}

/** What is gone or in a state nobody can name is told, never mended by making it anew. */
async function refuseUnlessKnown(s: StartState, machine: MachineRef, c: RunContext): Promise<void> {
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
