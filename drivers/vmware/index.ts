import { vmDriver } from "../vm/vm-driver.ts";
import { listedMachines } from "../vm/machine-record.ts";
import { createMachine } from "./create-machine.ts";
import { machineNames } from "./machine-file.ts";
import { diagnose, look } from "./machine-state.ts";
import { probeVmware } from "./probe-vmware.ts";
import { removeMachine } from "./remove-machine.ts";
import { resizeOps } from "./resize.ts";
import { snapshots } from "./snapshots.ts";
import { startMachine, stopMachine, suspendOps } from "./power.ts";
import { volumeOps } from "./volume.ts";

/** A virtual machine by VMware Workstation, Player or Fusion, through their `vmrun`. */
export default vmDriver({
  name: "vmware",
  summary: "A virtual machine run by VMware Workstation, Player or Fusion",
  priority: "default",
  probe: probeVmware,
  create: createMachine,
  start: startMachine,
  stop: stopMachine,
  remove: removeMachine,
  look,
  diagnose,
  list: async (c) => listedMachines(await machineNames(c.host), (name) => look(name, c)),
  suspend: suspendOps,
  snapshots,
  resize: resizeOps,
  volumes: volumeOps,
});
