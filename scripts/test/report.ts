import type { OutsideError } from "./errors-outside-tests.ts";

/** What vitest's JSON reporter writes of a test file, as far as it is used. */
export interface FileReport {
  /** Absolute path. */
  readonly name: string;
  readonly status: string;
  readonly assertionResults: readonly {
    readonly fullName: string;
    readonly status: string;
    /** Milliseconds; missing of what did not run. */
    readonly duration?: number | null;
    readonly failureMessages?: readonly string[];
  }[];
  /** Why the file itself failed: it could not be loaded, or a hook rejected. */
  readonly message?: string;
}

/** How many tests of the file passed when it ran whole: none failed, none was left out; else nothing. */
export function wholePass({ status, assertionResults }: FileReport): number | undefined {
  const whole = status === "passed" && assertionResults.every((one) => one.status === "passed");
  return whole && assertionResults.length > 0 ? assertionResults.length : undefined;
}

/**
 * What failed, two lines each: `  test/vm/a.test.ts: starts` and the first line of the reason. A file that failed without a failed test is named
 * itself.
 */
export function failures(files: readonly FileReport[], root: string): readonly string[] {
  return files.flatMap(({ name, status, assertionResults, message }) => {
    const failed = assertionResults.filter((one) => one.status === "failed");
    const file = relative(name, root);
    if (failed.length === 0) return status === "failed" ? [`  ${file}\n${reason(message)}`] : [];
    return failed.map(
      ({ fullName, failureMessages }) => `  ${file}: ${fullName}\n${reason(failureMessages?.[0])}`,
    );
  });
}

/** Why a round failed beside its tests, as `failures`; `status` is how vitest ended (null: by a signal). */
export function outsideTests(
  round: string,
  status: number | null,
  errors: readonly OutsideError[],
  failedTests: number,
  root: string,
): readonly string[] {
  if (errors.length > 0)
    return errors.map(
      ({ near, message }) =>
        `  ${round}: an error outside of tests${near && `, near ${relative(near, root)}`}\n${reason(message)}`,
    );
  const ended = status === null ? "a signal" : `code ${status}`;
  return failedTests > 0 ? [] : [`  ${round}\n${reason(`vitest ended with ${ended}, and no test failed`)}`];
}

const escapes = new RegExp(`${String.fromCodePoint(27)}\\[[0-9;]*m`, "g");

const reason = (message = ""): string => {
  const [line = ""] = message.replaceAll(escapes, "").trim().split("\n");
  return `      ${line.slice(0, 240) || "no reason was reported"}`;
};

/** The tests that took longest, longest first, a line each: `  61.3 s  test/vm/a.test.ts: starts`. */
export function slowestTests(files: readonly FileReport[], root: string, count: number): readonly string[] {
  return files
    .flatMap(({ name, assertionResults }) =>
      assertionResults.map(({ fullName, duration }) => ({
        ms: duration ?? 0,
        title: `${relative(name, root)}: ${fullName}`,
      })),
    )
    .toSorted((a, b) => b.ms - a.ms)
    .slice(0, count)
    .map(({ ms, title }) => `${seconds(ms)}  ${title}`);
}

/** The files whose tests together took longest, as `slowestTests`. */
export function slowestFiles(files: readonly FileReport[], root: string, count: number): readonly string[] {
  return files
    .map(({ name, assertionResults }) => ({
      ms: assertionResults.reduce((sum, { duration }) => sum + (duration ?? 0), 0),
      title: relative(name, root),
    }))
    .toSorted((a, b) => b.ms - a.ms)
    .slice(0, count)
    .map(({ ms, title }) => `${seconds(ms)}  ${title}`);
}

export const minutes = (ms: number): string => {
  const whole = Math.round(ms / 1000);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
};

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1).padStart(7)} s`;

const relative = (name: string, root: string): string =>
  name.startsWith(`${root}/`) ? name.slice(root.length + 1) : name;
