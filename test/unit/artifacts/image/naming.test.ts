import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { buffer } from "node:stream/consumers";
import { extract, pack } from "tar-stream";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openArchive } from "../../../../src/artifacts/image/read-archive.ts";
import { inspectArchive } from "../../../../src/artifacts/image/inspect-archive.ts";
import { settleNames } from "../../../../src/artifacts/image/naming.ts";
import { renamedArchive, type WantedForm } from "../../../../src/artifacts/image/renamed-archive.ts";

const { signal } = new AbortController();
const asItIs = { form: "oci", arch: "amd64" } as const;
const hex = (digit: string) => digit.repeat(64);
const refName = "org.opencontainers.image.ref.name";
const fullName = "io.containerd.image.name";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "localkube-naming-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A tar with these files, a folder and a link, as a file. */
async function archive(files: Readonly<Record<string, string | object>>): Promise<string> {
  const tar = pack();
  tar.entry({ name: "blobs/", type: "directory" });
  for (const [name, content] of Object.entries(files))
    tar.entry({ name }, typeof content === "string" ? content : JSON.stringify(content));
  tar.entry({ name: "link", type: "symlink", linkname: "blobs" });
  tar.finalize();
  const file = join(folder, `${Math.random().toString(36).slice(2)}.tar`);
  await writeFile(file, await buffer(tar));
  return file;
}

/** An OCI layout; each descriptor is the digit of its digest and its annotations. */
const oci = (...descriptors: readonly (readonly [string, Readonly<Record<string, string>>?])[]) =>
  archive({
    "index.json": {
      schemaVersion: 2,
      manifests: descriptors.map(([digit, annotations]) => ({
        digest: `sha256:${hex(digit)}`,
        ...(annotations ? { annotations } : {}),
      })),
    },
    "oci-layout": { imageLayoutVersion: "1.0.0" },
    ...Object.fromEntries(descriptors.map(([digit]) => [`blobs/sha256/${hex(digit)}`, "x".repeat(100_000)])),
  });

const docker = (...tags: readonly (readonly string[] | null)[]) =>
  archive({
    "config.json": "{}",
    "layer.tar": "y".repeat(200_000),
    "manifest.json": tags.map((RepoTags) => ({ Config: "config.json", RepoTags, Layers: ["layer.tar"] })),
  });

/** All names under which an archive would be loaded. */
async function names(file: string, name?: string): Promise<readonly string[]> {
  return [...settleNames(file, await inspectArchive(file, signal), name).values()].flat();
}

describe("the names of an archive", () => {
  test("are those in it, in full, each once", async () => {
    expect(await names(await oci(["1", { [refName]: "alpine:3" }]))).toEqual(["docker.io/library/alpine:3"]);
    const both = { [fullName]: "web", [refName]: "1.0" };
    expect(await names(await oci(["1", both]))).toEqual(["docker.io/library/web:latest"]);
    const twice = await oci(["1", { [refName]: "web:1" }], ["1", { [fullName]: "docker.io/library/web:1" }]);
    expect(await names(twice)).toEqual(["docker.io/library/web:1"]);
    expect(await names(await docker(["a:1"], ["a:2"]))).toEqual([
      "docker.io/library/a:1",
      "docker.io/library/a:2",
    ]);
    expect(await names(await docker(["a:1", "localhost/b"]))).toEqual([
      "docker.io/library/a:1",
      "localhost/b:latest",
    ]);
  });

  test("given by digest must be the image's own", async () => {
    const file = await oci(["1", { [refName]: "web:1" }]);
    const own = `team/web@sha256:${hex("1")}`;
    expect(await names(file, own)).toEqual([`docker.io/${own}`]);
    expect(await names(file, `team/web:2@sha256:${hex("1")}`)).toEqual([`docker.io/${own}`]);
    const wrong = [
      [file, `team/web@sha256:${hex("2")}`, "team/web:TAG"],
      [file, `team/web:2@sha256:${hex("2")}`, "team/web:2"],
      [await docker(["a:1"]), own, "team/web:TAG"],
    ] as const;
    for (const [archive, name, fix] of wrong)
      await expect(names(archive, name)).rejects.toMatchObject({
        id: "IMAGE_NAME_DIGEST_WRONG",
        params: { fix },
      });
  });

  test("are asked for where pods could not name an image", async () => {
    const unnamed = [
      await oci(["1"]),
      await oci(["1", { [refName]: "1.0" }]),
      await oci(["1", { [refName]: "latest" }]),
      await oci(["1", { [refName]: "web:1" }], ["2"]),
      await oci(["1", { [fullName]: "Web:1" }]),
      await docker(null),
      await docker([]),
      await docker(["Bad Name"]),
    ];
    for (const file of unnamed) await expect(names(file)).rejects.toMatchObject({ id: "IMAGE_NAME_MISSING" });
  });

  test("are replaced by one that is given, which may leave the tag to the archive", async () => {
    const tagged = await oci(["1", { [refName]: "1.0" }]);
    expect(await names(tagged, "web")).toEqual(["docker.io/library/web:1.0"]);
    expect(await names(tagged, "team/web:2")).toEqual(["docker.io/team/web:2"]);
    expect(await names(await oci(["1"]), "localhost:5000/web")).toEqual(["localhost:5000/web:latest"]);
    expect(await names(await docker(["old:1"]), "new:2")).toEqual(["docker.io/library/new:2"]);
    const two = await oci(["1", { [refName]: "1.0" }], ["2", { [refName]: "2.0" }]);
    expect(await names(two, "web")).toEqual(["docker.io/library/web:1.0", "docker.io/library/web:2.0"]);
  });

  test("given cannot be those of two images, nor unreadable", async () => {
    const two = await oci(["1"], ["2"]);
    await expect(names(two, "web:1")).rejects.toMatchObject({ id: "IMAGE_NAME_AMBIGUOUS" });
    await expect(names(await oci(["1"]), "Web")).rejects.toMatchObject({ id: "IMAGE_NAME_INVALID" });
    await expect(names(await oci(["1"]), "")).rejects.toMatchObject({ id: "IMAGE_NAME_INVALID" });
  });
});

describe("the archive that is sent", () => {
  async function sent(file: string, name?: string, form: WantedForm = asItIs): Promise<Buffer> {
    const facts = await inspectArchive(file, signal);
    const { tar } = await openArchive(file, signal);
    return buffer(await renamedArchive(tar, facts, settleNames(file, facts, name), form));
  }

  async function entriesOf(
    tar: Buffer,
  ): Promise<ReadonlyMap<string, { type?: string | null; text: string }>> {
    const found = new Map<string, { type?: string | null; text: string }>();
    const reader = extract();
    reader.end(tar);
    for await (const entry of reader)
      found.set(entry.header.name, { type: entry.header.type ?? null, text: String(await buffer(entry)) });
    return found;
  }

  test("has the full names, and all else as it was", async () => {
    const file = await oci(["1", { [refName]: "alpine:3", other: "kept" }], ["1", { [refName]: "two:2" }]);
    const entries = await entriesOf(await sent(file));
    const index = JSON.parse(entries.get("index.json")?.text ?? "") as {
      schemaVersion: number;
      manifests: { digest: string; annotations: Record<string, string> }[];
    };
    expect(index.schemaVersion).toBe(2);
    expect(index.manifests.map(({ annotations }) => annotations[fullName])).toEqual([
      "docker.io/library/alpine:3",
      "docker.io/library/two:2",
    ]);
    expect(new Set(index.manifests.map(({ digest }) => digest))).toEqual(new Set([`sha256:${hex("1")}`]));
    expect(entries.get(`blobs/sha256/${hex("1")}`)?.text).toBe("x".repeat(100_000));
    expect([entries.get("link")?.type, entries.get("blobs/")?.type]).toEqual(["symlink", "directory"]);
    expect([...entries.keys()]).toHaveLength(5);
  });

  test("of docker save has them in its own table", async () => {
    const entries = await entriesOf(await sent(await docker(null), "web"));
    expect(JSON.parse(entries.get("manifest.json")?.text ?? "")).toEqual([
      { Config: "config.json", RepoTags: ["docker.io/library/web:latest"], Layers: ["layer.tar"] },
    ]);
    expect(entries.get("layer.tar")?.text).toHaveLength(200_000);
  });

  describe("to a runtime that reads no OCI layout", () => {
    const forDocker = { form: "docker-archive", arch: "arm64" } as const;
    const manifest = (config: string, ...layers: readonly string[]) => ({
      schemaVersion: 2,
      config: { digest: `sha256:${hex(config)}` },
      layers: layers.map((digit) => ({ digest: `sha256:${hex(digit)}` })),
    });
    const blob = (digit: string) => `blobs/sha256/${hex(digit)}`;
    const layout = (of: object, blobs: Readonly<Record<string, string | object>>) =>
      archive({
        [blob("1")]: of,
        "index.json": { manifests: [{ digest: `sha256:${hex("1")}`, annotations: { [refName]: "web:1" } }] },
        "oci-layout": { imageLayoutVersion: "1.0.0" },
        "manifest.json": [{ Config: "stale", RepoTags: ["stale:1"], Layers: [] }],
        ...blobs,
      });
    const tableOf = async (tar: Promise<Buffer>) => {
      const entries = await entriesOf(await tar);
      expect([...entries.keys()].filter((name) => ["index.json", "oci-layout"].includes(name))).toEqual([]);
      return JSON.parse(entries.get("manifest.json")?.text ?? "") as unknown;
    };

    test("has a table that names configuration and layers, under the wished name", async () => {
      const file = await layout(manifest("2", "3", "4"), {
        [blob("2")]: "{}",
        [blob("3")]: "l".repeat(2_000_000),
        [blob("4")]: "m",
      });
      expect(await tableOf(sent(file, "other:2", forDocker))).toEqual([
        { Config: blob("2"), Layers: [blob("3"), blob("4")], RepoTags: ["docker.io/library/other:2"] },
      ]);
      const entries = await entriesOf(await sent(file, undefined, forDocker));
      expect(entries.get(blob("3"))?.text).toHaveLength(2_000_000);
      expect(entries.get(blob("2"))?.text).toBe("{}");
    });

    test("has of an image for several platforms the node's", async () => {
      const platforms = [
        { digest: `sha256:${hex("5")}`, platform: { os: "linux", architecture: "amd64" } },
        { digest: `sha256:${hex("6")}`, platform: { os: "linux", architecture: "arm64" } },
      ];
      const blobs = { [blob("5")]: manifest("7"), [blob("6")]: manifest("8") };
      const table = (form: WantedForm) =>
        layout({ manifests: platforms }, blobs).then((file) => tableOf(sent(file, undefined, form)));
      expect(await table(forDocker)).toMatchObject([
        { Config: blob("8"), RepoTags: ["docker.io/library/web:1"] },
      ]);
      expect(await table({ ...forDocker, arch: "amd64" })).toMatchObject([{ Config: blob("7") }]);
      const lacking = await layout({ manifests: platforms.slice(0, 1) }, blobs);
      await expect(sent(lacking, undefined, forDocker)).rejects.toThrow("has no part for linux/arm64");
    });

    test("fails for what is no manifest, and passes on an archive that is in that form already", async () => {
      await expect(sent(await layout({}, {}), undefined, forDocker)).rejects.toThrow(
        "is no manifest of an image",
      );
      const old = await docker(["localhost/web:1"]);
      expect(await sent(old, undefined, forDocker)).toEqual(await sent(old));
    });
  });

  test("breaks with the error of the file, and is itself when nothing is to be renamed", async () => {
    const facts = await inspectArchive(await docker(["localhost/web:1"]), signal);
    const tar = new PassThrough();
    const same = await renamedArchive(tar, facts, new Map([["config.json", ["localhost/web:1"]]]), asItIs);
    expect(same).toBe(tar);
    const broken = await openArchive(await docker(["web"]), signal);
    const out = await renamedArchive(
      broken.tar,
      facts,
      new Map([["config.json", ["localhost/x:1"]]]),
      asItIs,
    );
    broken.tar.destroy(new Error("disk gone"));
    await expect(buffer(out)).rejects.toThrow("disk gone");
  });
});
