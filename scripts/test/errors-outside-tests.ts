import { writeFileSync } from "node:fs";
import type { Reporter, SerializedError } from "vitest/node";

/** Where the errors go, as a JSON array of `OutsideError`: a path from scripts/test.mjs. */
export const errorsFileVariable = "LOCALKUBE_TEST_ERRORS";

export interface OutsideError {
  /** The test that ran last, as far as vitest knows: it need not be the one that caused it. */
  readonly near: string;
  readonly message: string;
}

/** Keeps what vitest's JSON report leaves out: errors of no test (a rejection nobody awaited, a worker that died), which fail a run all the same. */
export default class ErrorsOutsideTests implements Reporter {
  onTestRunEnd(_modules: unknown, errors: readonly SerializedError[]): void {
    const file = process.env[errorsFileVariable];
    if (file === undefined) return;
    const kept = errors.map(({ message = "", VITEST_TEST_PATH = "", VITEST_TEST_NAME = "" }) => ({
      near: [VITEST_TEST_PATH, VITEST_TEST_NAME].filter(Boolean).join(": "),
      message: String(message),
    }));
    writeFileSync(file, JSON.stringify(kept satisfies OutsideError[]));
  }
}
