import { errorsOf } from "../../src/contract/errors/localkube-error.ts";
import { type ErrorTable, exitCodes } from "../../src/contract/errors/entry.ts";

/** What only this driver can report; see src/contract/errors for what all drivers share. */
export const virtualboxErrors = {
  VIRTUALBOX_BLOCKED: {
    exit: exitCodes.unavailable,
    title: "VirtualBox could not {action}: {problem}",
    fix: "{fix}",
  },
  VIRTUALBOX_SNAPSHOT_HAS_NEWER: {
    exit: exitCodes.cannotCreate,
    title: "VirtualBox cannot delete the snapshot {snapshot} of {name} before those that were taken from it",
    fix: "Delete the newer ones first: localkube snapshot list",
  },
  VIRTUALBOX_NO_FREE_NETWORK: {
    exit: exitCodes.unavailable,
    title: "No free /24 network in what VirtualBox allows for host-only adapters ({allowed})",
    fix: "Allow more in /etc/vbox/networks.conf, for example: * 10.0.0.0/8 192.168.0.0/16",
  },
  VIRTUALBOX_ADAPTER_INVISIBLE: {
    exit: exitCodes.temporary,
    title: "VirtualBox created the host-only adapter {name} but does not list it",
    fix: "Run the same command again; if that does not help, restart this host",
  },
} as const satisfies ErrorTable;

export const VirtualBoxError = errorsOf(virtualboxErrors);
