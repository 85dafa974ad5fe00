import type { DriverDefinition } from "../../src/contract/driver.ts";
import { createMachine } from "./create-machine.ts";
import { diagnose, listMachines, look } from "./machine-state.ts";
import { probeVirtualBox } from "./probe.ts";
import { removeMachine } from "./remove-machine.ts";
import { resizeOps } from "./resize.ts";
import { snapshotOps } from "./snapshots.ts";
import { startMachine, stopMachine, suspendOps } from "./power.ts";
import { volumeOps } from "./volume.ts";

/** A virtual machine by Oracle VirtualBox 6.1 to 7.2, through VBoxManage. */
const virtualbox: DriverDefinition = {
  apiVersion: 1,
  name: "virtualbox",
  summary: "A virtual machine with a kernel of its own, run by Oracle VirtualBox",
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
  probe: probeVirtualBox,
  open: () => ({
    create: createMachine,
    start: ({ name }, c) => startMachine(name, c),
    stop: ({ name }, c) => stopMachine(name, c),
    remove: ({ name }, c) => removeMachine(name, c),
    removeByName: removeMachine,
    state: async ({ name }, c) => (await look(name, c)).state,
    diagnose: ({ name }, c) => diagnose(name, c),
    list: listMachines,
    // Images belong to the cache; machines have copies of their own.
    purge: () => Promise.resolve([]),
    suspend: suspendOps,
    snapshots: snapshotOps,
    resize: resizeOps,
    volumes: volumeOps,
  }),
};
export default virtualbox;
