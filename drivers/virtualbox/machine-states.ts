import type { MachineState } from "../../src/contract/driver.ts";

/**
 * Every `VMState` of `showvminfo --machinereadable` from 6.1 to 7.2 (MachineState of VirtualBox' API and the words of VBoxManageInfo.cpp).
 * `snapshotting` states of a standing machine are passing ones: it is stopped and busy, so nothing may be done with it yet.
 */
export const machineStates: Readonly<Record<string, MachineState>> = {
  poweroff: "stopped",
  aborted: "stopped",
  // Its state went to another host and it is off here.
  teleported: "stopped",
  saved: "saved",
  // It was ended while it woke; the saved memory is still good.
  "aborted-saved": "saved",
  running: "running",
  livesnapshotting: "running",
  onlinesnapshotting: "running",
  deletingsnapshotlive: "running",
  teleporting: "running",
  faulttolerantsyncing: "running",
  paused: "paused",
  deletingsnapshotlivepaused: "paused",
  teleportingpausedvm: "paused",
  starting: "starting",
  restoring: "starting",
  teleportingin: "starting",
  stopping: "stopping",
  saving: "stopping",
  settingup: "stopping",
  snapshotting: "stopping",
  "offline snapshotting": "stopping",
  restoringsnapshot: "stopping",
  deletingsnapshot: "stopping",
  gurumeditation: "broken",
  stuck: "broken",
  inaccessible: "broken",
};
