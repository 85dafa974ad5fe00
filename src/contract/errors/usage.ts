import { type ErrorEntry, exitCodes } from "./entry.ts";

export const usageErrors = {
  USAGE_INVALID: { exit: exitCodes.usage, title: "{problem}", fix: "See localkube {command} --help" },
} as const satisfies Record<string, ErrorEntry>;
