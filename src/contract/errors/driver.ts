import { type ErrorEntry, exitCodes } from "./entry.ts";

export const driverErrors = {
  DRIVER_START_FAILED: {
    exit: exitCodes.unavailable,
    title: "{driver} could not start the machine {name}",
    fix: "Run localkube doctor",
  },
} as const satisfies Record<string, ErrorEntry>;
