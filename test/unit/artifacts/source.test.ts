import { join } from "node:path";
import { expect, test } from "vitest";
import { openSource, sourceName } from "../../../src/artifacts/source.ts";
import { put, temporaryFolder } from "./test-context.ts";

test("an empty mirror is upstream, a folder a folder, an address an address", async () => {
  const folder = await temporaryFolder();
  expect(await openSource("")).toEqual({ kind: "upstream" });
  expect(await openSource(folder)).toEqual({ kind: "folder", folder });
  const source = await openSource("https://me:secret@mirror.test/lk");
  expect(sourceName(source, "dl.k8s.io/x")).toBe("https://mirror.test/lk");
  expect(sourceName({ kind: "upstream" }, "dl.k8s.io/x")).toBe("dl.k8s.io");
});

test("a missing folder, a file and another protocol are refused", async () => {
  const folder = await temporaryFolder();
  await put(join(folder, "file"), "x");
  for (const mirror of [join(folder, "missing"), join(folder, "file"), "ftp://mirror.test/", "http://"])
    await expect(openSource(mirror), mirror).rejects.toMatchObject({ id: "MIRROR_INVALID" });
});
