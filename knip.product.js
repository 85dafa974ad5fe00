// The second run of knip: without the tests, so that what only they use is found too. Functions that a file exports for its test and uses
// itself are no dead code. Dependencies are left to the first run.
import { readFileSync } from "node:fs";

const all = JSON.parse(readFileSync(new URL("knip.json", import.meta.url), "utf8"));
const ofTests = (pattern) => pattern.startsWith("test/");

export default {
  ...all,
  entry: all.entry.filter((pattern) => !ofTests(pattern)),
  project: all.project.filter((pattern) => !ofTests(pattern)),
  vitest: false,
  include: ["files", "exports", "types", "duplicates"],
  ignoreExportsUsedInFile: true,
};
