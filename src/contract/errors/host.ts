import { type ErrorEntry, exitCodes } from "./entry.ts";

export const hostErrors = {
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
} as const satisfies Record<string, ErrorEntry>;
