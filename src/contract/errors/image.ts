import { type ErrorEntry, exitCodes } from "./entry.ts";

/** What a machine is made from, and how to get it. */
export const imageErrors = {
  IMAGE_NEEDS_VM: {
    exit: exitCodes.usage,
    title: "The disk image {file} is for virtual machines, which the driver does not create",
    fix: "Choose a driver for virtual machines: localkube start --driver qemu --image {file}",
  },
  IMAGE_ADDRESS_INVALID: {
    exit: exitCodes.usage,
    title: "--image {address}: {problem}",
    fix: "Write it like --image https://example.org/disk.qcow2#sha256=HEX",
  },
  OS_UNKNOWN: {
    exit: exitCodes.usage,
    title: "There is no machine operating system '{value}'{hint}",
    fix: "Use --os with one of: {known}",
  },
  OS_NEEDS_VM: {
    exit: exitCodes.usage,
    title: "--os {os} is for virtual machines, and the driver {driver} does not create any from a disk image",
    fix: "Choose a driver for virtual machines: localkube start --driver qemu --os {os}",
  },
  OS_IMAGE_CONFLICT: {
    exit: exitCodes.usage,
    title: "--image {image} is a Debian, which --os {os} is not",
    fix: "Leave one of them out; without --image, the published image of {os} is used",
  },
  IMAGE_UNUSABLE: {
    exit: exitCodes.usage,
    title: "{file} is not a disk image that a machine can be created from: {problem}",
    fix: "See what it is: qemu-img info {file}",
  },
  IMAGE_BUILDER_UNKNOWN: {
    exit: exitCodes.usage,
    title: "LOCALKUBE_IMAGE_BUILDER is '{value}', which is not a machine image builder",
    fix: "Set it to {known}, or unset it",
  },
  IMAGE_TOOL_MISSING: {
    exit: exitCodes.unavailable,
    title: "The machine image cannot be built: {programs} is not installed",
    fix: "sudo apt-get install {packages}",
  },
  IMAGE_REGISTRY_UNREACHABLE: {
    exit: exitCodes.unavailable,
    title: "Could not download the machine's base image {image}: {problem}",
    fix: "Check the network and HTTPS_PROXY, or install mmdebstrap, which needs no registry",
  },
  IMAGE_NOT_REFRESHABLE: {
    exit: exitCodes.usage,
    title:
      "--refresh-image: this cluster does not use a machine image that localkube builds (driver {driver})",
    fix: "Leave out --refresh-image; for a new disk image, give its file or address with --image",
  },
  IMAGE_NO_SPACE: {
    exit: exitCodes.cannotCreate,
    title: "No space in {folder} to build the machine image, which needs {needed} MiB",
    fix: "Free some space there, or set {variable} to a folder on another disk",
  },
  IMAGE_BUILD_BUSY: {
    exit: exitCodes.temporary,
    title: "Another localkube process has been building the machine image for {minutes} minutes",
    fix: "Wait for it to end, then run the same command again",
  },
  IMAGE_DOWNLOAD_FAILED: {
    exit: exitCodes.unavailable,
    title: "Could not download the disk image {address}: {problem}",
    fix: "Check the address, the network and HTTPS_PROXY, or download it yourself and give it as --image FILE",
  },
  IMAGE_DIGEST_MISSING: {
    exit: exitCodes.io,
    title:
      "No digest is known for the disk image {address}: the address has none, and neither {tables} beside it lists it",
    fix: "Add the digest that its publisher gives: --image {address}#sha256=HEX or #sha512=HEX",
  },
  IMAGE_DIGEST_WRONG: {
    exit: exitCodes.io,
    title: "The disk image from {address} does not match its digest (expected {wanted}, got {got})",
    fix: "{fix}",
  },
  IMAGE_LACKS_PROGRAMS: {
    exit: exitCodes.unavailable,
    title: "The disk image {image} has no {programs}, and the debian artifacts do not contain any ({reason})",
    fix: "{fix}",
  },
} as const satisfies Record<string, ErrorEntry>;
