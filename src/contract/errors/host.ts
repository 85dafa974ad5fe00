import { type ErrorEntry, exitCodes } from "./entry.ts";

export const hostErrors = {
  HOST_ARCH_UNSUPPORTED: {
    exit: exitCodes.unavailable,
    title: "This Node.js is built for the processor {arch}; localkube works on x64 and arm64",
    fix: "Use a Node.js built for x64 or arm64, on a host with such a processor",
  },
  HOST_COMMAND_FAILED: {
    exit: exitCodes.software,
    title: "`{command}` ended with exit code {exitCode}",
    fix: "Run the command by hand to see more: {command}",
  },
  HOST_COMMAND_NOT_FOUND: {
    exit: exitCodes.unavailable,
    title: "The program {program} is not installed",
    fix: "Install {program}, then run localkube doctor",
  },
  HOST_COMMAND_TIMEOUT: {
    exit: exitCodes.temporary,
    title: "`{command}` did not end within {seconds} s",
    fix: "Run the command by hand to see where it hangs: {command}",
  },
  HOST_PACKAGES_MISSING: {
    exit: exitCodes.unavailable,
    title: "The host lacks the packages {packages}",
    fix: "Install them: {command}",
  },
  HOST_PACKAGES_UNSUPPORTED: {
    exit: exitCodes.unavailable,
    title:
      "The host lacks programs of the Debian packages {packages}, and localkube installs packages only on Debian and its relatives, not on {system}",
    fix: "Install what {system} calls {packages}",
  },
  HOST_PACKAGES_FAILED: {
    exit: exitCodes.unavailable,
    title: "The packages {packages} could not be installed",
    fix: "Run the command by hand to see more: {command}",
  },
  PORT_IN_USE: {
    exit: exitCodes.unavailable,
    title: "Port {port} of {address} is in use by {process}",
    fix: "Use another port, or --{flag} 0 for any free one",
  },
  PORT_NOT_PERMITTED: {
    exit: exitCodes.permission,
    title: "This user may not listen on port {port} of {address}",
    fix: "Use --{flag} with a port above 1023, or 0 for any free one",
  },
  FILE_UNWRITABLE: {
    exit: exitCodes.cannotCreate,
    title: "{file} cannot be written: {problem}",
    fix: "Use --{flag} with a path in a folder that this user may write to",
  },
  FILE_HALF_WRITTEN: {
    exit: exitCodes.config,
    title: "An earlier write to {file} was cut off; what was in it before is in {backup}",
    fix: "Put that back, or, if {file} is right, only remove {backup}: cat {backup} > {file} && rm {backup}",
  },
  NO_SPACE_LEFT: {
    exit: exitCodes.cannotCreate,
    title: "No space is left for {place}",
    fix: "Free some space there (`df -h` shows which file system is full), then run the same command again",
  },
  FILE_SYSTEM_READ_ONLY: {
    exit: exitCodes.cannotCreate,
    title: "{place} is on a read-only file system",
    fix: "Make it writable, or set LOCALKUBE_HOME, XDG_CACHE_HOME or KUBECONFIG to a place that is",
  },
  TOO_MANY_OPEN_FILES: {
    exit: exitCodes.unavailable,
    title: "Too many files are open to open {place}",
    fix: "Raise the limit in this shell: ulimit -n 4096",
  },
  WORKING_FOLDER_GONE: {
    exit: exitCodes.notFound,
    title: "The working folder was deleted, so a relative path leads nowhere",
    fix: "Go to a folder that exists, for example with cd, or give absolute paths",
  },
  FILE_NOT_PERMITTED: {
    exit: exitCodes.permission,
    title: "This user has no right to {action} {place}",
    fix: "See whose it is: ls -ld {place}",
  },
  FILE_UNUSABLE: {
    exit: exitCodes.io,
    title: "{place} cannot be used: {problem}",
    fix: "See what it is: ls -ld {place}",
  },
  OUTPUT_UNWRITABLE: {
    exit: exitCodes.io,
    title: "Standard output cannot be written: {problem}",
    fix: "Send the output to a file or a terminal that takes it; df -h shows which file system is full",
  },
} as const satisfies Record<string, ErrorEntry>;
