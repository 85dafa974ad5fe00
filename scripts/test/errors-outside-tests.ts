import { writeFileSync } from "node:fs";
import type { Reporter, SerializedError, TestModule } from "vitest/node";

/** Where the errors go, as a JSON array of `OutsideError`: a path from scripts/test.mjs. */
export const errorsFileVariable = "LOCALKUBE_TEST_ERRORS";

export interface OutsideError {
  /** The test that ran last, as far as vitest knows: it need not be the one that caused it. */
  readonly near: string;
  readonly message: string;
}

/**
 * Keeps what vitest's JSON report leaves out and what fails a run all the same: hooks of a group that rejected, and errors of no test (a rejection
 * that nobody awaited, a worker that died).
 */
export default class ErrorsOutsideTests implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const file = process.env[errorsFileVariable];
    if (file === undefined) return;
    const ofGroups = modules.flatMap((module) =>
      [...module.children.allSuites()].flatMap((suite) =>
        suite.errors().map(({ message }) => ({
          near: `${module.moduleId}: ${suite.fullName}`,
          message: String(message),
        })),
      ),
    );
    const others = errors.map(({ message = "", VITEST_TEST_PATH = "", VITEST_TEST_NAME = "" }) => ({
      near: [VITEST_TEST_PATH, VITEST_TEST_NAME].filter(Boolean).join(": "),
      message: String(message),
    }));
    writeFileSync(file, JSON.stringify([...ofGroups, ...others] satisfies OutsideError[]));
  }
}
