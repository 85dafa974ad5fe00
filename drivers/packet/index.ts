import type { Driver, DriverDefinition, MachineRef } from "../../src/contract/driver.ts";
import type { RunContext } from "../../src/contract/host.ts";
import { type Pacing, usualPacing } from "./api/connection.ts";
import type { PacketApi } from "./api/packet-api.ts";
import { checkChoices, chooseProject, priceOf, priceOfDevice } from "./check-choices.ts";
import { createMachine } from "./create-machine.ts";
import { deviceOf, machineStateOf, said } from "./device.ts";
import { forgetProject, readHome, removeHome } from "./home-file.ts";
import { forgetIfEmpty, listMachines, removeByName } from "./list-machines.ts";
import { accessData, accessOf } from "./machine-ref.ts";
import { openAccess } from "./open-access.ts";
import { powerOff, startMachine } from "./power.ts";
import { removeDevice, removeOwned } from "./remove-owned.ts";
import { apiAccess, packetSettings } from "./settings.ts";
import { lastEvents } from "./wait-for-device.ts";

/** A server of a Packet-compatible API; `pacing` is for tests. */
export const packetDriver = (pacing: Pacing = usualPacing): DriverDefinition => ({
  apiVersion: 1,
  name: "packet",
  summary: "A bare metal server of a Packet-compatible API (the public service ended on 30 June 2026)",
  priority: "named",
  capabilities: {
    resources: "own",
    origin: "rented",
    bootMs: 900_000,
    answerMs: 5000,
    firewall: "closed",
    hasOwnClock: false,
    firstBootByProvider: true,
    powerButton: false,
    forwardsApi: false,
    image: "none",
    suspend: false,
    snapshot: false,
    resize: false,
    volumes: false,
  },
  // Needs nothing on this host; the API's address is in the options, and `create` reports it when it is missing.
  probe: () => Promise.resolve({ usable: true, note: "where an API is named by --packet-endpoint" }),
  open: () => openDriver(pacing),
});

function openDriver(pacing: Pacing): Driver {
  const apiOf = (m: MachineRef, c: RunContext): Promise<PacketApi> => openAccess(accessOf(m), c, pacing);
  return {
    create: (spec, c) => createMachine(spec, c, pacing),
    start: async (m, c) => startMachine(await apiOf(m, c), m, c),
    stop: async (m, c) => powerOff(await apiOf(m, c), m, c),
    async remove(m, c) {
      const api = await apiOf(m, c);
      const { project = "" } = m.data;
      const home = await readHome(c.host);
      if (await deviceOf(api, m, c)) await removeDevice(api, m.id ?? "", m.name, c);
      if (home) await removeOwned(api, { project, home: home.id, machine: m.name }, c);
      await forgetIfEmpty(api, { ...accessOf(m), project }, c);
    },
    removeByName: (name, c) => removeByName(name, c, pacing),
    state: async (m, c) => machineStateOf(await deviceOf(await apiOf(m, c), m, c)),
    async diagnose(m, c) {
      const api = await apiOf(m, c);
      const device = await deviceOf(api, m, c);
      if (!device) return `The device ${m.id} of ${m.name} is not at ${api.endpoint} any more`;
      const events = await lastEvents(api, device.id, c);
      return [
        `The device ${device.id} of ${m.name} at ${api.endpoint} is '${said(device)}'`,
        ...(events ? [`Its last events:\n${events}`] : []),
      ].join("\n");
    },
    list: (c) => listMachines(c, pacing),
    async purge(c) {
      if ((await readHome(c.host))?.projects.length === 0) await removeHome(c.host);
      return [];
    },
    async forget(m, c) {
      const { endpoint } = accessOf(m);
      const { project = "" } = m.data;
      await forgetProject(c.host, { endpoint, project });
      const tags = `localkube, localkube-machine-${m.name}`;
      return [
        `the device ${m.id} and its key in the project ${project} at ${endpoint}, with the tags ${tags}; it continues to cost money`,
      ];
    },
    withOptions: (m, options) =>
      Promise.resolve({
        ...m,
        data: { ...accessData(apiAccess(options)), project: m.data["project"] ?? "" },
      }),
    cost: {
      async estimate(spec, c) {
        const settings = packetSettings(spec.options);
        const api = await openAccess(settings.access, c, pacing);
        const project = await chooseProject(api, settings, c);
        return priceOf(settings, await checkChoices(api, settings, project, c));
      },
      async current(m, c) {
        const device = await deviceOf(await apiOf(m, c), m, c);
        return device && machineStateOf(device) !== "absent" ? priceOfDevice(device) : undefined;
      },
    },
  };
}

export default packetDriver();
