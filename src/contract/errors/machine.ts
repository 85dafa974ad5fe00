import { type ErrorEntry, exitCodes } from "./entry.ts";

export const machineErrors = {
  DEBIAN_ROOT_FAILED: {
    exit: exitCodes.unavailable,
    title: "The machine's root file system could not be made from Debian {suite}",
    fix: "Check that the Debian archive answers (LOCALKUBE_DEBIAN_MIRROR chooses another), then run the same command again",
  },
  GUEST_UNSUITABLE: {
    exit: exitCodes.unavailable,
    title: "The machine cannot be a Kubernetes node: {problem}",
    fix: "{fix}",
  },
  GUEST_UNPACK_FAILED: {
    exit: exitCodes.io,
    title: "These archives could not be unpacked in the machine: {names}",
    fix: "Look for free space in the machine: localkube ssh -- df -h /usr/local /opt",
  },
} as const satisfies Record<string, ErrorEntry>;
