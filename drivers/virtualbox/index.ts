import { vmDriver } from "../vm/vm-driver.ts";
import { createMachine } from "./create-machine.ts";
import { diagnose, listMachines, look } from "./machine-state.ts";
import { probeVirtualBox } from "./probe.ts";
import { removeMachine } from "./remove-machine.ts";
import { resizeOps } from "./resize.ts";
import { snapshots } from "./snapshots.ts";
import { startMachine, stopMachine, suspendOps } from "./power.ts";
import { volumeOps } from "./volume.ts";

/** A virtual machine by Oracle VirtualBox 6.1 to 7.2, through VBoxManage. */
export default vmDriver({
  name: "virtualbox",
  summary: "A virtual machine with a kernel of its own, run by Oracle VirtualBox",
  priority: "default",
  probe: probeVirtualBox,
  create: createMachine,
  start: startMachine,
  stop: stopMachine,
  remove: removeMachine,
  look,
  diagnose,
  list: listMachines,
  suspend: suspendOps,
  snapshots,
  resize: resizeOps,
  volumes: volumeOps,
});
