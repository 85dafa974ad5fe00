import { type ErrorEntry, exitCodes } from "./entry.ts";

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
} as const satisfies Record<string, ErrorEntry>;
