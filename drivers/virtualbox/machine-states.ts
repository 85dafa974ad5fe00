import type { MachineState } from "../../src/contract/driver.ts";

/**
 * Every `VMState` of `showvminfo --machinereadable` from 6.1 to 7.2 (MachineState in VirtualBox' API, spelled as in VBoxManageInfo.cpp). The
 * `snapshotting` states of a machine that is off are transitional: it is stopped but busy, so nothing may be done with it yet.
 */
export const machineStates: Readonly<Record<string, MachineState>> = {
  poweroff: "stopped",
  aborted: "stopped",
  // Its state was moved to another host and it is off here.
  teleported: "stopped",
  saved: "saved",
  // It was ended while waking up; the saved memory is still valid.
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
