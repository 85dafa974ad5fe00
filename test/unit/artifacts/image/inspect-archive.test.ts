import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { pack } from "tar-stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeImageArchive } from "../../../../src/artifacts/image/image-archive.ts";
import { openArchive } from "../../../../src/artifacts/image/read-archive.ts";
import { inspectArchive } from "../../../../src/artifacts/image/inspect-archive.ts";

const { signal } = new AbortController();
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "localkube-images-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function tarOf(files: Readonly<Record<string, string | object>>): Promise<Buffer> {
  const archive = pack();
  for (const [name, content] of Object.entries(files))
    archive.entry({ name }, typeof content === "string" ? content : JSON.stringify(content));
  archive.finalize();
  return buffer(archive);
}

async function fileWith(content: Uint8Array): Promise<string> {
  const file = join(folder, `${Math.random().toString(36).slice(2)}.tar`);
  await writeFile(file, content);
  return file;
}

const docker = {
  "layer/layer.tar": "x".repeat(3000),
  "config.json": "{}",
  "manifest.json": [{ Config: "config.json", RepoTags: ["web", "web:2"], Layers: ["layer/layer.tar"] }],
};

describe("an archive", () => {
  test("of docker save gives its names, compressed or not", async () => {
    const tar = await tarOf(docker);
    for (const content of [tar, gzipSync(tar), zstdCompressSync(tar)])
      expect(await inspectArchive(await fileWith(content), signal)).toEqual({
        kind: "docker-archive",
        images: [{ id: "config.json", names: ["web", "web:2"], tags: [] }],
      });
  });

  test("of our own image builder is an OCI layout", async () => {
    const file = join(folder, "own.tar");
    const layers = [[{ type: "file" as const, path: "a", mode: 0o644, content: Buffer.from("a") }]];
    await writeImageArchive({ ref: "localhost/own:1", arch: "amd64", layers, config: {} }, file);
    const images = [expect.objectContaining({ names: ["localhost/own:1"], tags: [] })];
    expect(await inspectArchive(file, signal)).toEqual({ kind: "oci", images });
  });

  test("is handed out decompressed, with the bytes of the file counted", async () => {
    const tar = await tarOf(docker);
    const compressed = gzipSync(tar);
    let read = 0;
    const opened = await openArchive(await fileWith(compressed), signal, (bytes) => (read = bytes));
    expect((await buffer(opened.tar)).equals(tar)).toBe(true);
    expect([opened.size, read]).toEqual([compressed.length, compressed.length]);
  });
});

describe("refused is", () => {
  const refusal = async (content: Uint8Array): Promise<string> => {
    const error = await inspectArchive(await fileWith(content), signal).then(
      () => new Error("it was taken"),
      (problem: unknown) => problem as Error & { id?: string },
    );
    expect(error).toMatchObject({ id: "IMAGE_FILE_INVALID" });
    return error.message;
  };

  test("what is no tar, and what is cut off", async () => {
    expect(await refusal(Buffer.from("hello\n"))).toContain("no whole tar");
    expect(await refusal(Buffer.alloc(2048, "nonsense"))).toContain("no whole tar");
    const tar = await tarOf(docker);
    expect(await refusal(tar.subarray(0, 2000))).toContain("no whole tar");
    expect(await refusal(gzipSync(tar).subarray(0, 100))).toContain("no whole tar");
  });

  test("a tar that is no image", async () => {
    expect(await refusal(await tarOf({ "a.txt": "a" }))).toContain("neither manifest.json");
    expect(await refusal(Buffer.alloc(0))).toContain("neither manifest.json");
    expect(await refusal(await tarOf({ "manifest.json": "no json" }))).toContain("not JSON");
    expect(await refusal(await tarOf({ "manifest.json": [] }))).toContain("names no image");
  });

  test("an archive without a file that it names", async () => {
    const torn = { "config.json": docker["config.json"], "manifest.json": docker["manifest.json"] };
    expect(await refusal(await tarOf(torn))).toContain("layer/layer.tar");
    const oci = { "oci-layout": {}, "index.json": { manifests: [{ digest: `sha256:${"0".repeat(64)}` }] } };
    expect(await refusal(await tarOf(oci))).toContain("blobs/sha256/000");
  });

  test("a file that is not there, and a folder", async () => {
    for (const path of [join(folder, "nothing"), folder])
      await expect(inspectArchive(path, signal)).rejects.toMatchObject({ id: "IMAGE_FILE_UNREADABLE" });
  });
});
