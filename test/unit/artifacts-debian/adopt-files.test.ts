import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { adoptFiles } from "../../../src/artifacts/debian/adopt-files.ts";
import { debianFileNames } from "../../../src/artifacts/debian/artifact-files.ts";
import { debianPaths } from "../../../src/artifacts/debian/paths.ts";
import { recordFiles } from "../../../src/artifacts/debian/verified-files.ts";
import { tempContext } from "./temp-context.ts";

const key = "aaaaaaaaaa-1111111111-3333333333";
const sibling = "aaaaaaaaaa-2222222222-4444444444";
const stranger = "bbbbbbbbbb-1111111111-3333333333";

async function tree(cacheDir: string, key: string) {
  const paths = debianPaths(cacheDir, key, "amd64");
  await mkdir(paths.artifacts, { recursive: true });
  for (const name of debianFileNames) await writeFile(join(paths.artifacts, name), `${name} of ${key}`);
  await recordFiles(paths, new AbortController().signal);
  return paths;
}

describe("adoptFiles", () => {
  it("finds nothing in an empty cache", async () => {
    const { c } = await tempContext();
    expect(await adoptFiles(key, "amd64", debianFileNames, c)).toEqual(debianFileNames);
  });

  it("links everything but our own programs from a tree with the same Kubernetes part", async () => {
    const { c, folder } = await tempContext();
    await tree(folder, stranger);
    const from = await tree(folder, sibling);
    expect(await adoptFiles(key, "amd64", debianFileNames, c)).toEqual([
      "cluster-dns.tar",
      "addon-programs.tar",
    ]);
    const kubelet = join(debianPaths(folder, key, "amd64").artifacts, "kubelet");
    expect(await readFile(kubelet, "utf8")).toBe(`kubelet of ${sibling}`);
    expect((await stat(kubelet)).ino).toBe((await stat(join(from.artifacts, "kubelet"))).ino);
  });

  it("links a program of ours from where its own part of the key is the same", async () => {
    const { c, folder } = await tempContext();
    await tree(folder, "aaaaaaaaaa-1111111111-5555555555");
    expect(await adoptFiles(key, "amd64", debianFileNames, c)).toEqual(["addon-programs.tar"]);
    await tree(folder, "aaaaaaaaaa-6666666666-3333333333");
    expect(await adoptFiles(key, "amd64", debianFileNames, c)).toEqual([]);
    const { artifacts } = debianPaths(folder, key, "amd64");
    expect(await readFile(join(artifacts, "cluster-dns.tar"), "utf8")).toMatch(/5555555555$/);
    expect(await readFile(join(artifacts, "addon-programs.tar"), "utf8")).toMatch(/6666666666-3333333333$/);
  });

  it("takes over the tree of a localkube that had no programs for addons", async () => {
    const { c, folder } = await tempContext();
    await tree(folder, "aaaaaaaaaa-1111111111");
    expect(await adoptFiles(key, "amd64", debianFileNames, c)).toEqual(["addon-programs.tar"]);
  });

  it("leaves files that are altered or of another Kubernetes part or architecture", async () => {
    const { c, folder } = await tempContext();
    await tree(folder, stranger);
    const from = await tree(folder, sibling);
    await writeFile(join(from.artifacts, "kubectl"), "altered");
    expect(await adoptFiles(key, "amd64", debianFileNames, c)).toEqual([
      "kubectl",
      "cluster-dns.tar",
      "addon-programs.tar",
    ]);
    expect(await adoptFiles(key, "arm64", ["kubelet"], c)).toEqual(["kubelet"]);
  });
});
