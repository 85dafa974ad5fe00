import { type ErrorEntry, exitCodes } from "./entry.ts";

export const driverErrors = {
  DRIVER_START_FAILED: {
    exit: exitCodes.unavailable,
    title: "{driver} could not start the machine {name}",
    fix: "Run localkube doctor",
  },
  DRIVER_CREATE_FAILED: {
    exit: exitCodes.unavailable,
    title: "{driver} could not create {name}",
    fix: "Run localkube doctor",
  },
  DRIVER_STOP_FAILED: {
    exit: exitCodes.unavailable,
    title: "{driver} could not stop the machine {name}, not even by force",
    fix: "Inspect it: {driver} inspect {name}",
  },
  DRIVER_IMAGE_DAMAGED: {
    exit: exitCodes.io,
    title: "The machine image {file} was damaged since it was built and has been removed",
    fix: "Run the same command again; it rebuilds the image",
  },
  DRIVER_NO_SPACE: {
    exit: exitCodes.cannotCreate,
    title: "No space left where {driver} keeps its images",
    fix: "Free some space there; see what uses it: {driver} system df",
  },
  DRIVER_NO_FREE_PORT: {
    exit: exitCodes.unavailable,
    title: "No free TCP port of 127.0.0.1 from {first} to {last}",
    fix: "See which programs hold them: ss -ltnp",
  },
  DRIVER_PORT_TAKEN: {
    exit: exitCodes.unavailable,
    title: "{driver} could not start the machine {name}: port {port} of 127.0.0.1 is used by another program",
    fix: "Find and stop that program: ss -ltnp sport = :{port}",
  },
  DRIVER_NAME_TAKEN: {
    exit: exitCodes.cannotCreate,
    title: "{driver} already has a {kind} named {name} that localkube did not create",
    fix: "Choose another profile name: localkube start --profile NAME",
  },
  DRIVER_OTHER_HOME: {
    exit: exitCodes.cannotCreate,
    title: "The {kind} {name} belongs to another localkube state folder, {home}{note}",
    fix: "Choose another name with --profile; if that folder is yours, work on it with LOCALKUBE_HOME={home}",
  },
  DRIVER_MACHINE_ABSENT: {
    exit: exitCodes.notFound,
    title: "The machine {name} is gone: {driver} no longer knows it",
    fix: "If its data may be lost, recreate it: localkube start --recreate",
  },
  DRIVER_MACHINE_BROKEN: {
    exit: exitCodes.unavailable,
    title: "The machine {name} is in the state '{state}', which localkube does not touch",
    fix: "Inspect it with {driver}, bring it to a known state, then run the same command again",
  },
  DRIVER_MACHINE_DIFFERS: {
    exit: exitCodes.cannotCreate,
    title: "{driver} has a machine {name} that was created with other settings",
    fix: "Start it with its old settings, or recreate it, which loses its data: localkube start --recreate",
  },
  DRIVER_SUSPEND_FAILED: {
    exit: exitCodes.unavailable,
    title: "{driver} could not suspend the machine {name}; it is still running",
    fix: "Check for free space where its disk is, or power it off: localkube stop",
  },
  DRIVER_RESUME_FAILED: {
    exit: exitCodes.unavailable,
    title: "{driver} could not resume the machine {name}; its saved memory is kept",
    fix: "Start it from its disk without that memory: localkube resume --discard",
  },
  DRIVER_SNAPSHOT_EXISTS: {
    exit: exitCodes.cannotCreate,
    title: "The machine {name} already has a snapshot {snapshot}",
    fix: "Choose another name, or delete that one: localkube snapshot delete {snapshot}",
  },
  DRIVER_SNAPSHOT_UNKNOWN: {
    exit: exitCodes.notFound,
    title: "The machine {name} has no snapshot {snapshot}",
    fix: "List them: localkube snapshot list",
  },
  DRIVER_SNAPSHOT_DIFFERS: {
    exit: exitCodes.cannotCreate,
    title: "The snapshot {snapshot} contains the memory of a machine with {had}; {name} now has {has}",
    fix: "Give the machine that size again (localkube stop, then start with --cpus and --memory), then restore",
  },
  DRIVER_SNAPSHOT_FAILED: {
    exit: exitCodes.unavailable,
    title: "{driver} could not {action} the snapshot {snapshot} of {name}",
    fix: "Check for free space where the machine's disk is; nothing was changed",
  },
  DRIVER_DISK_SMALL: {
    exit: exitCodes.usage,
    title: "A disk of {wanted} GiB is smaller than its image, which has {has}",
    fix: "Use that size or more: localkube start --disk-size {has}G",
  },
  DRIVER_DISK_SHRINK: {
    exit: exitCodes.usage,
    title: "The disk of {name} has {has} GiB and cannot shrink to {wanted}",
    fix: "Keep --disk-size at {has}G or more; a smaller disk needs localkube start --recreate",
  },
  DRIVER_RESIZE_FAILED: {
    exit: exitCodes.unavailable,
    title: "{driver} could not resize the machine {name}; it is unchanged",
    fix: "Run localkube doctor",
  },
  DRIVER_DISK_FULL: {
    exit: exitCodes.cannotCreate,
    title: "The machine {name} is halted because the host disk that holds it is full, in {folder}",
    fix: "Free some space there, then run localkube start: the machine continues where it stopped",
  },
  DRIVER_VOLUME_FAILED: {
    exit: exitCodes.unavailable,
    title: "{driver} could not attach {file} to the machine {name}",
    fix: "Run localkube doctor",
  },
  DRIVER_LEFTOVERS: {
    exit: exitCodes.software,
    title: "{driver} could not remove everything of {name}",
    fix: "Release what is named above, then run localkube delete again",
  },
  DRIVER_NO_FREE_NETWORK: {
    exit: exitCodes.unavailable,
    title: "No free network in 192.168.64.0 to 192.168.191.255 for {name}",
    fix: "See which routes use them: ip route",
  },
  DRIVER_UNKNOWN: {
    exit: exitCodes.usage,
    title: "There is no driver '{driver}' (there are: {known})",
    fix: "Choose one: localkube start --driver auto",
  },
  DRIVER_NOT_INSTALLED: {
    exit: exitCodes.unavailable,
    title: "The driver {driver}, which this cluster uses, is not installed",
    fix: "Install its package again: npm install -g localkube-driver-{driver}",
  },
  DRIVER_PACKAGE_BROKEN: {
    exit: exitCodes.config,
    title: "The driver package {package} in {folder} cannot be used: {problem}",
    fix: "Install it again, or report that to its author; see its file {folder}/package.json",
  },
  DRIVER_PACKAGE_VERSION: {
    exit: exitCodes.config,
    title:
      "The driver package {package} is written for version {has} of the driver contract; this localkube has version {wanted}",
    fix: "Install a version of {package} for this localkube, or a localkube for that package",
  },
  DRIVER_PACKAGE_UNSAFE: {
    exit: exitCodes.permission,
    title:
      "The driver package {package} is not loaded, because {path} can be changed by another user: {problem}",
    fix: "Let it belong to you or root, and nobody else write to it: chmod -R go-w {path}",
  },
  DRIVER_UNUSABLE: {
    exit: exitCodes.unavailable,
    title: "The driver {driver} cannot be used here: {problem}",
    fix: "{fix}",
  },
  DRIVER_NONE_USABLE: {
    exit: exitCodes.unavailable,
    title: "No driver can be used here: {problems}",
    fix: "{fix}",
  },
} as const satisfies Record<string, ErrorEntry>;
