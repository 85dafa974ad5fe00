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
} as const satisfies Record<string, ErrorEntry>;
