import { type ErrorEntry, exitCodes } from "./entry.ts";

export const machineErrors = {
  DEBIAN_ROOT_FAILED: {
    exit: exitCodes.unavailable,
    title: "The machine's root file system could not be made from Debian {suite}",
    fix: "Check that the Debian archive answers (LOCALKUBE_DEBIAN_MIRROR chooses another), then run the same command again",
  },
  IMAGE_BUILDER_UNKNOWN: {
    exit: exitCodes.usage,
    title: "LOCALKUBE_IMAGE_BUILDER is «{value}», which is no builder of machine images",
    fix: "Set it to {known}, or unset it",
  },
  IMAGE_TOOL_MISSING: {
    exit: exitCodes.unavailable,
    title: "The machine image cannot be built: {programs} is not installed",
    fix: "sudo apt-get install {packages}",
  },
  IMAGE_REGISTRY_UNREACHABLE: {
    exit: exitCodes.unavailable,
    title: "The base image {image} of the machine cannot be had: {problem}",
    fix: "Check the network and HTTPS_PROXY, or install mmdebstrap, which needs no registry",
  },
  IMAGE_NO_SPACE: {
    exit: exitCodes.cannotCreate,
    title: "No space in {folder} to build the machine image, which needs {needed} MiB",
    fix: "Free some space there, or set {variable} to a folder on another disk",
  },
  IMAGE_BUILD_BUSY: {
    exit: exitCodes.temporary,
    title: "Another localkube has been building the machine image for {minutes} minutes",
    fix: "Wait for it to end, then run the same command again",
  },
  GUEST_UNSUITABLE: {
    exit: exitCodes.unavailable,
    title: "The machine cannot be a Kubernetes node: {problem}",
    fix: "{fix}",
  },
  GUEST_PACKAGES_MISSING: {
    exit: exitCodes.unavailable,
    title: "The machine ({os}) lacks {names}, and has no apt-get by which localkube could install them",
    fix: "Install them there with its own package manager, then run localkube start again",
  },
  GUEST_PACKAGES_FAILED: {
    exit: exitCodes.unavailable,
    title: "The Debian packages {packages} could not be installed in the machine",
    fix: "Try it there: localkube ssh -- apt-get install --no-install-recommends {packages}",
  },
  GUEST_UNPACK_FAILED: {
    exit: exitCodes.io,
    title: "These archives could not be unpacked in the machine: {names}",
    fix: "Look for free space in the machine: localkube ssh -- df -h /usr/local /opt",
  },
} as const satisfies Record<string, ErrorEntry>;
