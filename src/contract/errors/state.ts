import { type ErrorEntry, exitCodes } from "./entry.ts";

export const stateErrors = {
  STATE_UNREADABLE: {
    exit: exitCodes.config,
    title: "The state file {file} cannot be read: {problem}",
    fix: "Restore it from a backup; nothing was changed",
  },
} as const satisfies Record<string, ErrorEntry>;
