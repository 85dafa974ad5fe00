import type { DriverDefinition } from "../../src/contract/driver.ts";
import { listedMachines } from "../vm/machine-record.ts";
import { createMachine } from "./create-machine.ts";
import { machineNames } from "./machine-file.ts";
import { diagnose, look } from "./machine-state.ts";
import { probeVmware } from "./probe-vmware.ts";
import { removeMachine } from "./remove-machine.ts";
import { resizeOps } from "./resize.ts";
import { snapshotOps } from "./snapshots.ts";
import { startMachine, stopMachine, suspendOps } from "./power.ts";
import { volumeOps } from "./volume.ts";

/** A virtual machine by VMware Workstation, Player or Fusion, through their `vmrun`. */
const vmware: DriverDefinition = {
  apiVersion: 1,
  name: "vmware",
  summary: "A virtual machine run by VMware Workstation, Player or Fusion",
  priority: "default",
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
  probe: probeVmware,
  open: () => ({
    create: createMachine,
    start: ({ name }, c) => startMachine(name, c),
    stop: ({ name }, c) => stopMachine(name, c),
    remove: ({ name }, c) => removeMachine(name, c),
    removeByName: removeMachine,
    state: async ({ name }, c) => (await look(name, c)).state,
    diagnose: ({ name }, c) => diagnose(name, c),
    list: async (c) => listedMachines(await machineNames(c.host), (name) => look(name, c)),
    // Images belong to the cache; machines have copies of their own.
    purge: () => Promise.resolve([]),
    suspend: suspendOps,
    snapshots: snapshotOps,
    resize: resizeOps,
    volumes: volumeOps,
  }),
};
export default vmware;
