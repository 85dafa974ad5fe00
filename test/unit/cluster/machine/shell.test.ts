import { expect, test } from "vitest";
import { remoteCommand } from "../../../../src/cluster/machine/shell.ts";

test.each([
  [[], []],
  [["uptime"], ["uptime"]],
  [
    ["echo", "$HOME | wc"],
    ["echo", "$HOME | wc"],
  ],
  [["ls /etc | wc -l"], ["sh", "-c", "ls /etc | wc -l"]],
  [["echo\tx"], ["sh", "-c", "echo\tx"]],
  [["/usr/local/bin/a_b-c.d+e"], ["/usr/local/bin/a_b-c.d+e"]],
])("%j runs %j", (words, command) => {
  expect(remoteCommand(words)).toEqual(command);
});
