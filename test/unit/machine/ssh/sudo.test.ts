import { execFileSync } from "node:child_process";
import { expect, it } from "vitest";
import { refused } from "../../../../src/machine/ssh/sudo.ts";
import { remoteCommandLine } from "../../../../src/machine/ssh/exec.ts";

/** Texts of sudo 1.8 and 1.9 under LC_ALL=C. */
it.each([
  ["sudo: a password is required\n", "SUDO_PASSWORD_MISSING"],
  [
    "sudo: a terminal is required to read the password; either use the -S option\nsudo: a password is required\n",
    "SUDO_PASSWORD_MISSING",
  ],
  [
    "Sorry, try again.\nsudo: no password was provided\nsudo: 1 incorrect password attempt\n",
    "SUDO_PASSWORD_WRONG",
  ],
  ["sudo: 3 incorrect password attempts\n", "SUDO_PASSWORD_WRONG"],
  [
    "alice is not in the sudoers file.\nThis incident has been reported to the administrator.\n",
    "SUDO_NOT_ALLOWED",
  ],
  ["Sorry, user alice is not allowed to execute '/bin/sh -c x' as root on host.\n", "SUDO_NOT_ALLOWED"],
  ["Sorry, user alice may not run sudo on host.\n", "SUDO_NOT_ALLOWED"],
  ["sudo: sorry, you must have a tty to run sudo\n", "SUDO_NEEDS_TTY"],
  ["bash: line 1: exec: sudo: not found\n", "SUDO_ABSENT"],
  ["sh: 1: exec: sudo: not found\n", "SUDO_ABSENT"],
  ["sudo: /etc/sudoers is world writable\n", "SUDO_FAILED"],
])("%j is %s", (output, id) => {
  expect(refused(output)).toBe(id);
});

it("a command line of root's own login is the command", () => {
  expect(remoteCommandLine(["ls", "a b"])).toBe("exec ls 'a b'");
  expect(execFileSync("sh", ["-c", remoteCommandLine(["echo", "a b", "$x"])], { encoding: "utf8" })).toBe(
    "a b $x\n",
  );
});
