import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeIso } from "../../../../src/host/iso/write-iso.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "localkube-iso-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test("carries its label where readers look for it, with the mode it was given", async () => {
  const file = join(folder, "label.iso");
  await writeIso(file, [{ name: "user-data", content: "a" }], { label: "cidata", mode: 0o600 });
  expect((await readFile(file)).toString("latin1", 16 * 2048 + 40, 16 * 2048 + 72).trim()).toBe("cidata");
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});

test("refuses a file that is not what its digest says and leaves nothing", async () => {
  const file = join(folder, "digest.iso");
  const source = join(folder, "source");
  await writeFile(source, "content");
  const sha256 = createHash("sha256").update("content").digest("hex");
  await writeIso(file, [{ name: "a", content: { file: source, sha256 } }], { label: "x" });
  const good = await readFile(file);
  await writeFile(source, "Content");
  await expect(
    writeIso(file, [{ name: "a", content: { file: source, sha256 } }], { label: "x" }),
  ).rejects.toThrow("a is not the file with that digest");
  expect((await readFile(file)).equals(good)).toBe(true);
  expect((await readdir(folder)).filter((found) => found.includes("partial"))).toEqual([]);
});

test("equal content gives equal bytes, whatever the order", async () => {
  const [one, two] = [join(folder, "one.iso"), join(folder, "two.iso")];
  const entries = [
    { name: "meta-data", content: "a" },
    { name: "user-data", content: "b" },
  ];
  await writeIso(one, entries, { label: "cidata" });
  await writeIso(two, entries.toReversed(), { label: "cidata" });
  expect((await readFile(one)).equals(await readFile(two))).toBe(true);
});

test.each(["../evil", ".hidden", "a/b", "a b", "x".repeat(81)])(
  "refuses the name '%s' and leaves nothing",
  async (name) => {
    const file = join(folder, "refused.iso");
    await expect(writeIso(file, [{ name, content: "" }], { label: "cidata" })).rejects.toThrow("not a name");
    expect((await readdir(folder)).filter((found) => found.startsWith("refused"))).toEqual([]);
  },
);

test("leaves nothing when it is aborted", async () => {
  const file = join(folder, "aborted.iso");
  const signal = AbortSignal.abort(new Error("stop it"));
  const entries = [{ name: "large", content: "x" }];
  await expect(writeIso(file, entries, { label: "cidata", signal })).rejects.toThrow("stop it");
  expect((await readdir(folder)).filter((found) => found.startsWith("aborted"))).toEqual([]);
});
