import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { extract } from "tar-stream";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runCommand } from "../../../../src/host/run-command.ts";
import { writeImageArchive } from "../../../../src/artifacts/image/image-archive.ts";
import type { LayerEntry } from "../../../../src/artifacts/image/image-layer.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "localkube-image-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

const entries: readonly LayerEntry[] = [
  { type: "directory", path: "etc" },
  { type: "symlink", path: "etc/link", target: "../pause" },
  { type: "file", path: "pause", mode: 0o755, content: Buffer.from("#!/bin/false\n") },
];

async function readTar(file: string): Promise<Map<string, { content: Buffer; mtime: number }>> {
  const found = new Map<string, { content: Buffer; mtime: number }>();
  const reader = extract();
  reader.on("entry", (header, stream, next) => {
    const chunks: Buffer[] = [];
    stream.on("data", (chunk) => chunks.push(chunk as Buffer));
    stream.on("end", () => {
      found.set(header.name, { content: Buffer.concat(chunks), mtime: header.mtime.getTime() });
      next();
    });
  });
  await pipeline(createReadStream(file) as Readable, reader as unknown as Writable);
  return found;
}

const json = (content: Buffer | undefined) => JSON.parse(String(content)) as Record<string, unknown>;

test("every blob of the archive has the content its digest says, and all times are the epoch", async () => {
  const file = join(folder, "image.tar");
  const written = await writeImageArchive(
    {
      ref: "registry.k8s.io/pause:3.2",
      arch: "amd64",
      layers: [entries],
      config: { Entrypoint: ["/pause"] },
    },
    file,
  );
  expect(written.sha256).toBe(
    createHash("sha256")
      .update(await readFile(file))
      .digest("hex"),
  );
  const tar = await readTar(file);
  const blobs = [...tar].filter(([name]) => name.startsWith("blobs/"));
  expect(blobs).toHaveLength(3);
  for (const [name, { content }] of blobs)
    expect(name).toBe(`blobs/sha256/${createHash("sha256").update(content).digest("hex")}`);
  for (const { mtime } of tar.values()) expect(mtime).toBe(0);
  expect(json(tar.get("index.json")?.content)["manifests"]).toMatchObject([
    { annotations: { "io.containerd.image.name": "registry.k8s.io/pause:3.2" } },
  ]);
  expect(await readdir(folder)).toEqual(["image.tar"]);
});

test("equal input gives equal bytes, whatever the times and the order of a folder are", async () => {
  const bytes: Buffer[] = [];
  for (const name of ["one", "two"]) {
    const root = join(folder, name);
    await mkdir(join(root, "bin"), { recursive: true });
    const order = name === "one" ? ["a", "b"] : ["b", "a"];
    for (const leaf of order) await writeFile(join(root, "bin", leaf), leaf);
    await chmod(join(root, "bin/a"), 0o755);
    await symlink("a", join(root, "bin/c"));
    await utimes(join(root, "bin/a"), new Date(), new Date(name === "one" ? 1e12 : 1.5e12));
    const file = join(folder, `${name}.tar`);
    await writeImageArchive(
      { ref: "localhost/x:1", arch: "arm64", layers: [{ folder: root }], config: {} },
      file,
    );
    bytes.push(await readFile(file));
  }
  expect(bytes[0]?.equals(bytes[1] ?? Buffer.alloc(0))).toBe(true);
});

test("a path that leads out of the image is refused and nothing is left", async () => {
  const evil: LayerEntry = { type: "file", path: "../evil", content: Buffer.from("x") };
  const image = { ref: "localhost/x:1", arch: "amd64", layers: [[evil]], config: {} } as const;
  await expect(writeImageArchive(image, join(folder, "image.tar"))).rejects.toThrow("leads out of the image");
  expect(await readdir(folder)).toEqual([]);
});

test("an aborted write leaves nothing", async () => {
  const image = { ref: "localhost/x:1", arch: "amd64", layers: [entries], config: {} } as const;
  const signal = AbortSignal.abort(new Error("stopped"));
  await expect(writeImageArchive(image, join(folder, "image.tar"), { signal })).rejects.toThrow();
  expect(await readdir(folder)).toEqual([]);
});

test("a write aborted on its way leaves nothing", async () => {
  const big = join(folder, "big");
  await writeFile(big, Buffer.alloc(64 << 20));
  const layer: LayerEntry = { type: "file", path: "big", content: { file: big } };
  const image = { ref: "localhost/x:1", arch: "amd64", layers: [[layer]], config: {} } as const;
  const signal = AbortSignal.timeout(5);
  await expect(writeImageArchive(image, join(folder, "image.tar"), { signal })).rejects.toThrow();
  expect(await readdir(folder)).toEqual(["big"]);
});

const podman = await runCommand(["podman", "version"], { allowFailure: true }).then(
  ({ exitCode }) => exitCode === 0,
  () => false,
);

test.skipIf(!podman)("podman loads the archive under its reference", { timeout: 60_000 }, async () => {
  const ref = `localhost/localkube-test:${process.pid}`;
  const file = join(folder, "image.tar");
  const config = { Entrypoint: ["/pause"], User: "65535:65535" };
  await writeImageArchive({ ref, arch: "amd64", layers: [entries], config }, file);
  try {
    await runCommand(["podman", "load", "-i", file]);
    const { stdout } = await runCommand(["podman", "image", "inspect", ref]);
    expect(JSON.parse(stdout)).toMatchObject([{ Config: { Entrypoint: ["/pause"], User: "65535:65535" } }]);
  } finally {
    await runCommand(["podman", "rmi", ref], { allowFailure: true });
  }
});
