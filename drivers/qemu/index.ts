import { vmDriver } from "../vm/vm-driver.ts";
import { listedMachines } from "../vm/machine-record.ts";
import { createMachine } from "./create-machine.ts";
import { machineNames } from "./machine-file.ts";
import { diagnose, look } from "./machine-state.ts";
import { probeQemu } from "./probe-qemu.ts";
import { removeMachine } from "./remove-machine.ts";
import { resizeOps } from "./resize.ts";
import { snapshots } from "./snapshots.ts";
import { startMachine, stopMachine, suspendOps } from "./power.ts";
import { volumeOps } from "./volume.ts";

/** A virtual machine run by QEMU, without root and without a daemon. */
export default vmDriver({
  name: "qemu",
  summary: "A virtual machine with a kernel of its own, run by QEMU without root rights",
  priority: "preferred",
  probe: probeQemu,
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
