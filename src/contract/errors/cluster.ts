import { type ErrorEntry, exitCodes } from "./entry.ts";

export const clusterErrors = {
  INTERRUPTED: {
    exit: exitCodes.interrupted,
    title: "Interrupted",
    fix: "Run the same command again; it goes on where it stopped",
  },
  STEP_TIMEOUT: {
    exit: exitCodes.temporary,
    title: "«{title}» did not end within {seconds} s",
    fix: "Look inside: localkube logs --problems",
  },
} as const satisfies Record<string, ErrorEntry>;
