import { expect, it } from "vitest";
import { failures, type FileReport, outsideTests } from "../../../scripts/test/report.ts";

const passed = { fullName: "works", status: "passed", duration: 1 };

it("names what failed with the first line of its reason, without colours", () => {
  const red = `${String.fromCodePoint(27)}[31mError: no room${String.fromCodePoint(27)}[39m\n    at a.ts:1`;
  const files: FileReport[] = [
    { name: "/p/test/a.test.ts", status: "passed", assertionResults: [passed] },
    {
      name: "/p/test/b.test.ts",
      status: "failed",
      assertionResults: [passed, { fullName: "starts", status: "failed", failureMessages: [red] }],
    },
  ];
  expect(failures(files, "/p")).toEqual(["  test/b.test.ts: starts\n      Error: no room"]);
});

it("names a file that failed without a failed test: a hook rejected, or it could not be loaded", () => {
  const whole = { name: "/p/test/c.test.ts", status: "failed" };
  expect(failures([{ ...whole, message: "Cannot find x\nmore", assertionResults: [passed] }], "/p")).toEqual([
    "  test/c.test.ts\n      Cannot find x",
  ]);
  expect(failures([{ ...whole, assertionResults: [] }], "/p")).toEqual([
    "  test/c.test.ts\n      no reason was reported",
  ]);
});

it("names the errors of no test, and a round that ended badly without a word", () => {
  const errors = [
    { near: "/p/test/d.test.ts: stops", message: "write EPIPE\nmore" },
    { near: "", message: "" },
  ];
  expect(outsideTests("guests", 1, errors, 0, "/p")).toEqual([
    "  guests: an error outside of tests, near test/d.test.ts: stops\n      write EPIPE",
    "  guests: an error outside of tests\n      no reason was reported",
  ]);
  expect(outsideTests("vm", null, [], 0, "/p")).toEqual([
    "  vm\n      vitest ended with a signal, and no test failed",
  ]);
  expect(outsideTests("vm", 1, [], 2, "/p")).toEqual([]);
});
