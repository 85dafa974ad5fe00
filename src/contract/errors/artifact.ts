import { type ErrorEntry, exitCodes } from "./entry.ts";

export const artifactErrors = {
  ARTIFACT_DIGEST_MISMATCH: {
    exit: exitCodes.io,
    title: "{path} has another content than its digest says (wanted {wanted}, got {got})",
    fix: "The source {source} serves a wrong file; use another --mirror",
  },
} as const satisfies Record<string, ErrorEntry>;
