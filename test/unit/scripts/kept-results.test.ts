import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { keepResult, keptResult, keyOf } from "../../../scripts/test/kept-results.ts";
import { slowestFiles, slowestTests, wholePass } from "../../../scripts/test/report.ts";
import { cacheFolder, surroundings } from "../../../scripts/test/surroundings.ts";

const file = "test/vm/a.test.ts";
const key = keyOf(file, ["one"]);
const at = "2026-01-02T03:04:05.000Z";
const soon = Date.parse(at) + 1000;
const month = 31 * 86_400_000;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "localkube-kept-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe("a kept result", () => {
  const keep = () => keepResult(folder, { file, key, tests: 3, at }, soon);

  it("is found under its key alone", () => {
    expect(keptResult(folder, file, key, soon)).toBeUndefined();
    keep();
    expect(keptResult(folder, file, key, soon)).toEqual({ file, key, tests: 3, at });
    expect(keptResult(folder, file, keyOf(file, ["two"]), soon)).toBeUndefined();
    expect(keptResult(folder, "test/vm/b.test.ts", key, soon)).toBeUndefined();
  });

  it.each([
    ["cut short", (text: string) => text.slice(0, 20)],
    ["empty", () => ""],
    ["of another key", (text: string) => text.replace(key, keyOf(file, ["other"]))],
    ["without tests", (text: string) => text.replace(`"tests":3`, `"tests":0`)],
    ["of no number", (text: string) => text.replace(`"tests":3`, `"tests":"3"`)],
    ["without a date", (text: string) => text.replace(at, "yesterday")],
    ["from the future", (text: string) => text.replace("2026-01", "2027-01")],
    ["null", () => "null"],
  ])("that is %s counts as none", async (_what, damage) => {
    keep();
    const stored = join(folder, `${key}.json`);
    await writeFile(stored, damage(await readFile(stored, "utf8")));
    expect(keptResult(folder, file, key, soon)).toBeUndefined();
  });

  it("counts for a month, and is removed after it", async () => {
    keep();
    expect(keptResult(folder, file, key, soon + month)).toBeUndefined();
    const old = new Date(soon - month);
    await utimes(join(folder, `${key}.json`), old, old);
    await writeFile(join(folder, "not-ours"), "");
    await utimes(join(folder, "not-ours"), old, old);
    const other = keyOf(file, ["other"]);
    keepResult(folder, { file, key: other, tests: 1, at }, soon);
    expect((await readdir(folder)).sort()).toEqual([`${other}.json`, "not-ours"].sort());
  });
});

it("a key differs with every part", () => {
  const keys = [keyOf("a", 1, 2), keyOf("b", 1, 2), keyOf("a", 2, 1), keyOf("a", 1), keyOf("a", [1, 2])];
  expect(new Set(keys).size).toBe(keys.length);
});

describe("the surroundings", () => {
  it("tell of Node.js, the system, packages that are there, and what images are made of", async () => {
    const before = surroundings(["dpkg", "no-such-package"], folder);
    expect(before).toEqual(surroundings(["dpkg", "no-such-package"], folder));
    expect(before).toMatchObject({ node: process.version, images: [], rigs: [] });
    await rm(folder, { recursive: true });
    const { mkdir } = await import("node:fs/promises");
    await mkdir(join(folder, "images"), { recursive: true });
    await mkdir(join(folder, "test/virtualbox-1/var/lib/dpkg"), { recursive: true });
    await writeFile(join(folder, "images/disk-1.qcow2.json"), "{}");
    await writeFile(join(folder, "images/disk-1.qcow2"), "not read");
    await writeFile(join(folder, "test/virtualbox-1/var/lib/dpkg/status"), "virtualbox 7");
    const after = surroundings([], folder);
    expect(after["images"]).toHaveLength(1);
    expect(after["rigs"]).toHaveLength(1);
    await writeFile(join(folder, "images/disk-1.qcow2.json"), "{ }");
    await writeFile(join(folder, "test/virtualbox-1/var/lib/dpkg/status"), "virtualbox 8");
    expect(surroundings([], folder)["images"]).not.toEqual(after["images"]);
    expect(surroundings([], folder)["rigs"]).not.toEqual(after["rigs"]);
  });

  it("are looked for in the user's cache", () => {
    expect(cacheFolder({ HOME: "/home/alice" })).toBe("/home/alice/.cache/localkube");
    expect(cacheFolder({ HOME: "/home/alice", XDG_CACHE_HOME: "/var/cache" })).toBe("/var/cache/localkube");
  });
});

describe("a report", () => {
  const test = (fullName: string, status = "passed", duration = 1000) => ({ fullName, status, duration });
  const report = (status: string, ...assertionResults: ReturnType<typeof test>[]) => ({
    name: "/root/test/a.test.ts",
    status,
    assertionResults,
  });

  it("is a whole pass only without a failed, skipped or missing test, and without a failed hook", () => {
    expect(wholePass(report("passed", test("a"), test("b")))).toBe(2);
    expect(wholePass(report("passed"))).toBeUndefined();
    expect(wholePass(report("failed", test("a")))).toBeUndefined();
    for (const status of ["failed", "skipped", "pending", "todo", "disabled"])
      expect(wholePass(report("passed", test("a"), test("b", status))), status).toBeUndefined();
  });

  it("names the slowest tests and files", () => {
    const files = [
      report("passed", test("a", "passed", 20), test("b", "passed", 61_300), test("c", "passed", 500)),
    ];
    expect(slowestTests(files, "/root", 2)).toEqual([
      "   61.3 s  test/a.test.ts: b",
      "    0.5 s  test/a.test.ts: c",
    ]);
    expect(slowestFiles(files, "/root", 5)).toEqual(["   61.8 s  test/a.test.ts"]);
  });
});
