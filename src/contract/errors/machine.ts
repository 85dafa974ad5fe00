import { type ErrorEntry, exitCodes } from "./entry.ts";

export const machineErrors = {
  DEBIAN_ROOT_FAILED: {
    exit: exitCodes.unavailable,
    title: "The machine's root file system could not be created from Debian {suite}",
    fix: "Check that the Debian archive is reachable (LOCALKUBE_DEBIAN_MIRROR selects another), then run the same command again",
  },
  GUEST_UNSUITABLE: {
    exit: exitCodes.unavailable,
    title: "The machine cannot be a Kubernetes node: {problem}",
    fix: "{fix}",
  },
  GUEST_PACKAGES_MISSING: {
    exit: exitCodes.unavailable,
    title: "The machine ({os}) lacks {names} and has no apt-get with which localkube could install them",
    fix: "Install them there with its own package manager, then run localkube start again",
  },
  GUEST_PACKAGES_FAILED: {
    exit: exitCodes.unavailable,
    title: "The Debian packages {packages} could not be installed in the machine",
    fix: "Try it there: localkube ssh -- apt-get install --no-install-recommends {packages}",
  },
  GUEST_FIRST_BOOT_LATE: {
    exit: exitCodes.temporary,
    title: "The machine's first boot has not finished after {minutes} minutes",
    fix: "See what it is waiting for: localkube ssh -- cloud-init status --long",
  },
  GUEST_FIREWALL_FAILED: {
    exit: exitCodes.unavailable,
    title:
      "The machine's firewall could not be loaded from its file {file}, and without it the machine is open to everyone",
    fix: "See what its kernel lacks: localkube ssh -- nft --check --file {file}",
  },
  FIREWALL_CALLER_UNKNOWN: {
    exit: exitCodes.unavailable,
    title:
      "The machine's sshd does not report the address this computer connects from (it reports {said}), so its firewall cannot admit it to the API",
    fix: "Reach the API through SSH instead: localkube start -p NAME --api-over-ssh",
  },
  GUEST_UNPACK_FAILED: {
    exit: exitCodes.io,
    title: "These archives could not be unpacked in the machine: {names}",
    fix: "Check the free space in the machine: localkube ssh -- df -h /usr/local /opt",
  },
} as const satisfies Record<string, ErrorEntry>;
