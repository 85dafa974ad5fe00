import { expect, test } from "vitest";
import { environmentLine, execLine } from "../../../src/host/systemd-quoting.ts";

test.each([
  [["/usr/bin/a", "--b=c"], "/usr/bin/a \\\n  --b=c"],
  [["/opt/my tools/a"], '"/opt/my tools/a"'],
  [["a", '"; rm -rf $HOME %h \\'], 'a \\\n  "\\"; rm -rf $$HOME %%h \\\\"'],
  [["a", "two\nlines"], 'a \\\n  "two\\nlines"'],
])("%j as a command", (argv, expected) => {
  expect(execLine(argv)).toBe(expected);
});

test("an assignment keeps $ and doubles %", () => {
  expect(environmentLine("A", 'x y$z%h"')).toBe('Environment="A=x y$z%%h\\""');
});
