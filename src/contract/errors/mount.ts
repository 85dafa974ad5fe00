import { type ErrorEntry, exitCodes } from "./entry.ts";

export const mountErrors = {
  MOUNT_INVALID: {
    exit: exitCodes.usage,
    title: "{given} does not say what is mounted where",
    fix: "Write a folder of this computer and one of the machine: localkube mount ./src:/src",
  },
  MOUNT_SOURCE_MISSING: {
    exit: exitCodes.notFound,
    title: "{host} cannot be mounted: {problem}",
    fix: "Name a folder that exists on this computer: localkube mount FOLDER:/src",
  },
  MOUNT_SOURCE_NOT_FOLDER: {
    exit: exitCodes.usage,
    title: "{host} is not a folder, and only folders are mounted",
    fix: "Copy the file: localkube cp {host} :{guest}",
  },
  MOUNT_TARGET_REFUSED: {
    exit: exitCodes.usage,
    title: "Nothing can be mounted at {guest} in the machine: {problem}",
    fix: "Name another folder of the machine, for example /src or /mnt/src",
  },
  MOUNT_TARGET_NOT_EMPTY: {
    exit: exitCodes.usage,
    title: "There are files in {guest} in the machine, which a mount would hide and a copy replace",
    fix: "Name another folder, or add --over if that is meant",
  },
  MOUNT_TARGET_TWICE: {
    exit: exitCodes.usage,
    title: "Two folders are to be mounted at {guest} in the machine",
    fix: "Name another folder for one of them: --mount HOST:GUEST",
  },
  MOUNT_TARGET_TAKEN: {
    exit: exitCodes.usage,
    title: "{host} is already mounted at {guest} in the machine",
    fix: "End that first: localkube mount remove {guest}",
  },
  MOUNT_TYPE_UNKNOWN: {
    exit: exitCodes.usage,
    title: "There is no way to mount called {type}; there are: {known}",
    fix: "Leave --type out, and localkube chooses",
  },
  MOUNT_TYPE_NOT_OFFERED: {
    exit: exitCodes.usage,
    title: "localkube does not mount by {type}: {why}",
    fix: "Use --type sshfs, or --type sync where programs in the machine have to see changes at once",
  },
  MOUNT_NO_SSHFS: {
    exit: exitCodes.unavailable,
    title: "The machine cannot mount by sshfs: {problem}",
    fix: "Let localkube copy the folder and follow its changes: --type sync",
  },
  MOUNT_COPY_WRITABLE: {
    exit: exitCodes.usage,
    title: "A copy at {guest} cannot be read-only: the machine's users own its files",
    fix: "Leave --read-only out: nothing is copied back. Or mount it: --type sshfs",
  },
  MOUNT_WATCH_FAILED: {
    exit: exitCodes.software,
    title: "Changes in {host} cannot be followed: {problem}",
    fix: "Allow more watches: sudo sysctl fs.inotify.max_user_watches=1048576",
  },
  MOUNT_ENDED: {
    exit: exitCodes.software,
    title: "The mount at {guest} has ended: {problem}",
    fix: "Run the same localkube command again; what is left in the machine is cleaned up first",
  },
  MOUNT_UNKNOWN: {
    exit: exitCodes.notFound,
    title: "localkube has mounted nothing at {guest} in the machines of {name}",
    fix: "See what there is: localkube mount list",
  },
} as const satisfies Record<string, ErrorEntry>;
