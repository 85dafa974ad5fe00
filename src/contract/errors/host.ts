import { type ErrorEntry, exitCodes } from "./entry.ts";

export const hostErrors = {
  HOST_ARCH_UNSUPPORTED: {
    exit: exitCodes.unavailable,
    title: "This Node.js is built for {arch}; localkube supports x64 and arm64",
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
    title: "These packages are missing on this host: {packages}",
    fix: "Install them: {command}",
  },
  HOST_PACKAGES_UNSUPPORTED: {
    exit: exitCodes.unavailable,
    title:
      "The host lacks programs of the Debian packages {packages}, and localkube installs packages only on Debian and its derivatives, not on {system}",
    fix: "Install the equivalents of {packages} on {system}",
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
    title: "An earlier write to {file} was interrupted; its previous content is in {backup}",
    fix: "Restore that, or, if {file} is correct, just remove {backup}: cat {backup} > {file} && rm {backup}",
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
    title: "{place} cannot be opened: too many open files",
    fix: "Raise the limit in this shell: ulimit -n 4096",
  },
  WORKING_FOLDER_GONE: {
    exit: exitCodes.notFound,
    title: "The working folder was deleted, so relative paths cannot be resolved",
    fix: "Change to a folder that exists, or use absolute paths",
  },
  FILE_NOT_PERMITTED: {
    exit: exitCodes.permission,
    title: "This user has no permission to {action} {place}",
    fix: "See who owns it: ls -ld {place}",
  },
  FILE_UNUSABLE: {
    exit: exitCodes.io,
    title: "{place} cannot be used: {problem}",
    fix: "See what it is: ls -ld {place}",
  },
  OUTPUT_UNWRITABLE: {
    exit: exitCodes.io,
    title: "Standard output cannot be written: {problem}",
    fix: "Send the output to a file or terminal that can be written; df -h shows which file system is full",
  },
} as const satisfies Record<string, ErrorEntry>;
