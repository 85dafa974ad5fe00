import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { limitedScript } from "../../../src/runtimes/limited-runtime.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "localkube-limited-"));
  writeFileSync(join(folder, "runtime"), '#!/bin/sh\necho "$@"\n', { mode: 0o755 });
  writeFileSync(join(folder, "limited"), limitedScript(join(folder, "runtime")), { mode: 0o755 });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const least = Number(readFileSync("/proc/self/oom_score_adj", "utf8"));
const run = (...args: readonly string[]) =>
  execFileSync(join(folder, "limited"), args, { encoding: "utf8" }).trim();
const bundle = { process: { args: ['{"oomScoreAdj":-998} "oomScoreAdj": -7'], oomScoreAdj: -998 }, a: [1] };
const changed = () => JSON.parse(readFileSync(join(folder, "config.json"), "utf8")) as unknown;

test.each([undefined, "\t"])(
  "what a kubelet asks for is raised to what is allowed, in JSON with indent %j",
  (indent) => {
    writeFileSync(join(folder, "config.json"), JSON.stringify(bundle, null, indent));
    const words = ["--root", "/run/x", "create", "--bundle", folder, "--pid-file", "p", "id"];
    expect(run(...words)).toBe(words.join(" "));
    expect(changed()).toEqual({ ...bundle, process: { ...bundle.process, oomScoreAdj: least } });
  },
);

test("what is allowed stays, and other commands read no bundle", () => {
  const allowed = { process: { oomScoreAdj: 1000 } };
  writeFileSync(join(folder, "config.json"), JSON.stringify(allowed));
  run("create", `--bundle=${folder}`, "id");
  expect(changed()).toEqual(allowed);
  expect(run("state", "id")).toBe("state id");
});

const capabilities = (names: readonly string[]) =>
  JSON.stringify({ bounding: names, effective: names }, null, "\t");
const all = ["CAP_CHOWN", "CAP_SYS_MODULE", "CAP_SYS_BOOT", "CAP_SYS_RESOURCE", "CAP_AUDIT_CONTROL"];

test.each([
  ["create", "--bundle", "config.json"],
  ["exec", "--process", "process.json"],
])("all capabilities are those that there are, also for %s", (command, flag, name) => {
  const file = join(folder, name);
  writeFileSync(file, capabilities(all));
  run(command, flag, command === "exec" ? file : folder, "id");
  const left = all.filter((one) => one !== "CAP_SYS_RESOURCE");
  expect(JSON.parse(readFileSync(file, "utf8"))).toEqual({ bounding: left, effective: left });
  // Who asks for this one is not given less without being told.
  writeFileSync(file, capabilities(["CAP_SYS_RESOURCE", "CAP_CHOWN"]));
  run(command, flag, command === "exec" ? file : folder, "id");
  expect(readFileSync(file, "utf8")).toBe(capabilities(["CAP_SYS_RESOURCE", "CAP_CHOWN"]));
});
