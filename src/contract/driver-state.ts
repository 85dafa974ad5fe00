/**
 * What drivers keep in the state folder (LOCALKUBE_HOME), by name; all other names are in src/state/paths.ts, which drivers may not import.
 * The names never change: existing machines are found by them.
 */
export const driverState = {
  /** QEMU's machines, a folder for each. */
  qemu: "machines",
  /** VirtualBox' machines, a folder for each, in which VirtualBox keeps its own files too. */
  virtualbox: "virtualbox",
  /** VMware's machines, a folder for each. */
  vmware: "vmware",
  /** The existing hosts of the driver ssh, a file for each. */
  ssh: "hosts",
  /** What the driver packet knows about this state folder and its projects: a file. */
  packet: "packet.json",
  /** Where the user installs drivers from npm: `npm install --prefix`. */
  installed: "drivers",
} as const;

/** Folders in which a driver of virtual machines has a folder for each of its machines. */
export const machineFolders: readonly string[] = [
  driverState.qemu,
  driverState.virtualbox,
  driverState.vmware,
];
