import { describe, expect, it } from "vitest";
import { remoteCommandLine } from "../../../../src/machine/ssh/exec.ts";

describe("remoteCommandLine", () => {
  it.each([
    [["ls", "-l", "/etc/a-b_c.d"], "exec ls -l /etc/a-b_c.d"],
    [["echo", ""], "exec echo ''"],
    [["echo", "it's $(x)"], "exec echo 'it'\\''s $(x)'"],
    [["printf", "a\nb"], "exec printf 'a\nb'"],
    [["X=1", "~"], "exec X=1 '~'"],
  ])("%j", (argv, line) => expect(remoteCommandLine(argv)).toBe(line));

  it.each([[[]], [[""]], [["-x"]], [["a", "b\0"]]])("refuses %j", (argv) =>
    expect(() => remoteCommandLine(argv)).toThrow(TypeError),
  );
});
