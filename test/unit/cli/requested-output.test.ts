import { expect, test } from "vitest";
import { requestedOutput } from "../../../src/cli/requested-output.ts";

test.each([
  [["start", "--output", "json"], "json"],
  [["start", "--output=json"], "json"],
  [["start", "-o", "json"], "json"],
  [["start", "-ojson"], "json"],
  [["-o=json", "start"], "json"],
  [["start"], "text"],
  [["start", "--output", "yaml"], "text"],
  [["ssh", "--", "kubectl", "--output", "json"], "text"],
])("%j is %s", (argv, form) => expect(requestedOutput(argv, {})).toBe(form));

test("the variable counts when no flag is there", () => {
  expect(requestedOutput(["x"], { LOCALKUBE_OUTPUT: "json" })).toBe("json");
  expect(requestedOutput(["x", "-o", "text"], { LOCALKUBE_OUTPUT: "json" })).toBe("text");
});
