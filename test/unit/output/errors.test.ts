import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { LocalkubeError } from "../../../src/contract/errors/localkube-error.ts";
import { describeError } from "../../../src/output/describe-error.ts";
import { presentError } from "../../../src/output/report-failure.ts";

const noTerminal = new PassThrough() as unknown as typeof process.stderr;
const text = (error: unknown, verbose = false) => presentError(describeError(error), verbose, noTerminal);

test("what, where, the foreign program's last words, and the fix", () => {
  const output = Array.from({ length: 20 }, (_, line) => `line ${line}`).join("\n");
  const cause = new Error("outer", { cause: new Error("inner\nwith more") });
  const error = new LocalkubeError("HOST_COMMAND_FAILED", { command: "x", exitCode: 3 }, { output, cause });
  error.step = "create-machine";
  const lines = text(error).trimEnd().split("\n");
  expect(lines[0]).toBe("Error HOST_COMMAND_FAILED: `x` ended with exit code 3");
  expect(lines[1]).toBe("  in step create-machine");
  expect(lines.slice(2, -1)).toEqual(Array.from({ length: 12 }, (_, line) => `  | line ${line + 8}`));
  expect(lines.at(-1)).toBe("Fix: Run the command by hand to see more: x");
  expect(text(error, true)).toContain("  because: outer\n  because: inner\nFix:");
});

test("the report holds everything a program needs", () => {
  const error = new LocalkubeError(
    "STATE_UNREADABLE",
    { file: "/f", problem: "p" },
    { cause: new Error("c") },
  );
  expect(describeError(error)).toEqual({
    id: "STATE_UNREADABLE",
    message: error.message,
    fix: error.fix,
    exitCode: 78,
    causes: ["c"],
  });
});

test("what is not ours is a bug, with its stack only on request", () => {
  const error = new TypeError("x is not a function", { cause: new Error("deeper") });
  expect(describeError(error)).toMatchObject({
    id: "BUG",
    exitCode: 1,
    message: "TypeError: x is not a function",
    causes: ["deeper"],
  });
  expect(text(error)).not.toContain("errors.test.ts");
  expect(text(error, true)).toContain("errors.test.ts");
  expect(describeError("only a text")).toMatchObject({ id: "BUG", message: "only a text" });
});

test("an abort is an interruption, or what it was aborted with", () => {
  expect(describeError(new DOMException("This operation was aborted", "AbortError"))).toMatchObject({
    id: "INTERRUPTED",
    exitCode: 130,
  });
  const reason = new LocalkubeError("STEP_TIMEOUT", { title: "t", seconds: 5 });
  expect(
    describeError(Object.assign(new Error("aborted", { cause: reason }), { name: "AbortError" })).id,
  ).toBe("STEP_TIMEOUT");
});
