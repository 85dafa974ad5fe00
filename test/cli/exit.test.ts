import { spawnSync } from "node:child_process";
import process from "node:process";
import { expect, test } from "vitest";
import { launcher } from "../e2e/kit/workspace.ts";
import { temporaryHome } from "./run-localkube.ts";

test("no code is made beside the main thread that could wait for it while the process exits", async () => {
  const home = await temporaryHome();
  const env = { ...process.env, HOME: home, LOCALKUBE_HOME: home, XDG_CACHE_HOME: home };
  const traced = (...argv: readonly string[]): string =>
    spawnSync(process.execPath, ["--trace-opt", ...argv], { env, encoding: "utf8", timeout: 60_000 }).stdout;
  // That this Node has such a compiler and tells of it.
  expect(
    traced("--eval", "let sum = 0; for (let i = 0; i < 5e7; i++) sum += i % 7; console.log(sum);"),
  ).toMatch(/MAGLEV/);
  const own = traced(launcher, "profile", "list", "--output", "json");
  expect(own).toContain("profiles");
  // Node's own beginning, before the program's first line.
  const before = /isPosixPathSeparator|normalizeString/;
  expect(own.split("\n").filter((line) => line.includes("MAGLEV") && !before.test(line))).toEqual([]);
});
