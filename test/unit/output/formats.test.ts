import { expect, test } from "vitest";
import { formatBytes, formatDuration } from "../../../src/output/format.ts";
import { progressMeter } from "../../../src/output/progress-meter.ts";
import { textTable } from "../../../src/output/text-table.ts";
import { throttled } from "../../../src/output/throttled.ts";

test.each([
  [0, "0 B"],
  [999, "999 B"],
  [1_000, "1.0 kB"],
  [99_940, "99.9 kB"],
  [99_960, "100 kB"],
  [999_499, "999 kB"],
  [999_500, "1.0 MB"],
  [5_230_000_000, "5.2 GB"],
])("%i bytes are %s", (bytes, text) => expect(formatBytes(bytes)).toBe(text));

test.each([
  [0, "0 ms"],
  [999, "999 ms"],
  [1_000, "1.0 s"],
  [99_900, "99.9 s"],
  [99_960, "1 min 40 s"],
  [125_400, "2 min 05 s"],
])("%i ms are %s", (ms, text) => expect(formatDuration(ms)).toBe(text));

test("the rate is that of the last seconds, not of the whole", () => {
  const meter = progressMeter();
  const report = (at: number, done: number) => meter({ done, total: 1_000_000_000, unit: "bytes" }, at);
  expect(report(0, 0)).toBe("0 B of 1.0 GB (0 %)");
  expect(report(400, 40_000_000)).not.toContain("/s");
  expect(report(1_000, 100_000_000)).toContain("100 MB/s");
  expect(report(10_000, 110_000_000)).not.toContain("/s");
  expect(report(11_000, 111_000_000)).toContain("1.0 MB/s");
  // Begun again.
  expect(report(12_000, 0)).toBe("0 B of 1.0 GB (0 %)");
});

test("progress without amounts is its message; items have no rate; the total may be unknown", () => {
  const meter = progressMeter();
  expect(meter({ message: "waiting for sshd" }, 0)).toBe("waiting for sshd");
  expect(meter({}, 1)).toBe("");
  expect(meter({ done: 2, total: 4, unit: "items" }, 2)).toBe("2 of 4 (50 %)");
  expect(meter({ message: "x", done: 3, unit: "bytes" }, 3)).toBe("x, 3 B");
  expect(meter({ done: 0, total: 0 }, 4)).toBe("0 of 0");
});

test("throttled lets one through per key and time", () => {
  const may = throttled(200);
  const answers = [may("a", 0), may("a", 199), may("b", 199), may("a", 200), may("a", 399), may("a", 400)];
  expect(answers).toEqual([true, false, true, true, false, true]);
});

test("a table's columns are as wide as their widest cell, colours not counted", () => {
  const table = textTable(
    ["NAME", "STATE"],
    [
      ["a", "\u001b[32mrunning\u001b[39m"],
      ["longer name", ""],
    ],
  );
  expect(table.split("\n")).toEqual([
    "NAME         STATE",
    "a            \u001b[32mrunning\u001b[39m",
    "longer name",
  ]);
});
