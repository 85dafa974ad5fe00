import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { unchangedFiles } from "../../../scripts/test/unchanged.ts";

const file = "test/a.test.ts";
let root: string;
let env: Record<string, string>;
const look = (more: Record<string, string> = {}) =>
  unchangedFiles(root, [], { ...env, ...more }, { [file]: {} });
const passed = { fullName: "a", status: "passed", duration: 1 };
const report = (...assertionResults: (typeof passed)[]) => [
  { name: join(root, file), status: "passed", assertionResults },
];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "localkube-unchanged-"));
  env = { XDG_CACHE_HOME: join(root, "cache") };
  await mkdir(join(root, "test"));
  await writeFile(join(root, file), `import "./b.ts";`);
  await writeFile(join(root, "test/b.ts"), "console.log(1);");
});
afterEach(() => rm(root, { recursive: true, force: true }));

it("runs a file the first time, and not again while nothing changes", async () => {
  const first = await look();
  expect(first.results).toEqual([]);
  await first.keep(report(passed, passed), new Date());
  expect((await look()).results).toMatchObject([{ file, tests: 2 }]);
  await writeFile(join(root, "test/b.ts"), "console.log(2);");
  expect((await look()).results).toEqual([]);
});

it("runs everything with LOCALKUBE_TEST_ALL=1, and keeps the results", async () => {
  await (await look({ LOCALKUBE_TEST_ALL: "1" })).keep(report(passed), new Date());
  expect((await look({ LOCALKUBE_TEST_ALL: "1" })).results).toEqual([]);
  expect((await look()).results).toHaveLength(1);
});

it("keeps nothing of a file with a failed or skipped test, of another file, or of sources that changed while it ran", async () => {
  const first = await look();
  await first.keep(report(passed, { ...passed, status: "skipped" }));
  await first.keep([{ ...report(passed)[0]!, status: "failed" }]);
  await first.keep([{ ...report(passed)[0]!, name: join(root, "test/other.test.ts") }]);
  await writeFile(join(root, "test/b.ts"), "console.log(3);");
  await first.keep(report(passed));
  expect((await look()).results).toEqual([]);
  await writeFile(join(root, "test/b.ts"), "console.log(1);");
  expect((await look()).results).toEqual([]);
});

it("counts an image that the run made as what it ran with", async () => {
  const first = await look();
  await mkdir(join(root, "cache/localkube/images"), { recursive: true });
  await writeFile(join(root, "cache/localkube/images/disk-1.qcow2.json"), "{}");
  await first.keep(report(passed), new Date());
  expect((await look()).results).toHaveLength(1);
  await writeFile(join(root, "cache/localkube/images/disk-1.qcow2.json"), "{ }");
  expect((await look()).results).toEqual([]);
});

it("runs a file whose imports cannot be told", async () => {
  await rm(join(root, "test/b.ts"));
  const broken = await look();
  expect(broken.results).toEqual([]);
  await broken.keep(report(passed));
  await writeFile(join(root, "test/b.ts"), "console.log(1);");
  expect((await look()).results).toEqual([]);
});
