import { type ErrorEntry, exitCodes } from "./entry.ts";

/** What a machine is made from, and how to get it. */
export const imageErrors = {
  IMAGE_NEEDS_VM: {
    exit: exitCodes.usage,
    title: "The disk image {file} is for virtual machines, and the driver makes none from it",
    fix: "Name a driver of virtual machines: localkube start --driver qemu --image {file}",
  },
  IMAGE_ADDRESS_INVALID: {
    exit: exitCodes.usage,
    title: "--image {address}: {problem}",
    fix: "Write it like --image https://example.org/disk.qcow2#sha256=HEX",
  },
  OS_UNKNOWN: {
    exit: exitCodes.usage,
    title: "There is no operating system «{value}» for machines{hint}",
    fix: "Use --os with one of: {known}",
  },
  OS_NEEDS_VM: {
    exit: exitCodes.usage,
    title: "--os {os} is for virtual machines, and the driver {driver} makes none from a disk image",
    fix: "Name a driver of virtual machines: localkube start --driver qemu --os {os}",
  },
  OS_IMAGE_CONFLICT: {
    exit: exitCodes.usage,
    title: "--image {image} is a Debian, which --os {os} is not",
    fix: "Leave one of them out; without --image it is the image that the makers of {os} publish",
  },
  IMAGE_UNUSABLE: {
    exit: exitCodes.usage,
    title: "{file} is no disk image to make a machine from: {problem}",
    fix: "See what it is: qemu-img info {file}",
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
  IMAGE_DOWNLOAD_FAILED: {
    exit: exitCodes.unavailable,
    title: "The disk image {address} cannot be had: {problem}",
    fix: "Check the address, the network and HTTPS_PROXY, or download it yourself and give it as --image FILE",
  },
  IMAGE_DIGEST_MISSING: {
    exit: exitCodes.io,
    title:
      "No digest is known of the disk image {address}: none follows it, and neither {tables} beside it lists it",
    fix: "Give the one its publisher names: --image {address}#sha256=HEX or #sha512=HEX",
  },
  IMAGE_DIGEST_WRONG: {
    exit: exitCodes.io,
    title: "What {address} sends is not the disk image of that digest (wanted {wanted}, got {got})",
    fix: "{fix}",
  },
  IMAGE_LACKS_PROGRAMS: {
    exit: exitCodes.unavailable,
    title:
      "The disk image {image} has no {programs} of its own, and the debian artifacts bring none ({reason})",
    fix: "{fix}",
  },
} as const satisfies Record<string, ErrorEntry>;
