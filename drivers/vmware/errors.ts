import { errorsOf } from "../../src/contract/errors/localkube-error.ts";
import { type ErrorTable, exitCodes } from "../../src/contract/errors/entry.ts";

/** What only this driver can report; see src/contract/errors for what all drivers share. */
export const vmwareErrors = {
  VMWARE_MISSING: {
    exit: exitCodes.unavailable,
    title: "VMware cannot be used: {problem}",
    fix: "{fix}",
  },
  VMWARE_START_FAILED: {
    exit: exitCodes.unavailable,
    title: "VMware could not start the machine {name}: {problem}",
    fix: "{fix}",
  },
  VMWARE_NETWORK_UNUSABLE: {
    exit: exitCodes.unavailable,
    title: "VMware's NAT network cannot be used: {problem}",
    fix: "{fix}",
  },
} as const satisfies ErrorTable;

export const VmwareError = errorsOf(vmwareErrors);
