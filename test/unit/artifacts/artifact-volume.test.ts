import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { artifactVolume } from "../../../src/artifacts/artifact-volume.ts";
import type { ArtifactSet, LocalFile } from "../../../src/contract/artifact.ts";
import type { RunContext } from "../../../src/contract/host.ts";

let folder: string;
const volumes = () => readdir(join(folder, "volumes"));
const context = (signal = new AbortController().signal) =>
  ({
    host: { cacheDir: folder },
    signal,
    log: () => undefined,
    report: () => undefined,
  }) as unknown as RunContext;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "localkube-volume-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function artifact(name: string, content = `content of ${name}`): Promise<LocalFile> {
  const file = join(folder, name);
  await writeFile(file, content);
  return { file, sha256: createHash("sha256").update(content).digest("hex"), size: content.length };
}

async function artifactsWith(kubelet: LocalFile): Promise<ArtifactSet> {
  const runc = await artifact("runc");
  const pause = await artifact("pause");
  return { programs: { kubelet, runc }, images: { pause } } as unknown as ArtifactSet;
}

test("holds every artifact under its digest, and is made once", async () => {
  const artifacts = await artifactsWith(await artifact("kubelet"));
  const { file, digests } = await artifactVolume(artifacts, context());
  const wanted = [...Object.values(artifacts.programs), ...Object.values(artifacts.images)].map(
    ({ sha256 }) => sha256,
  );
  expect(wanted).toHaveLength(3);
  expect([...digests].sort()).toEqual(wanted.sort());
  const image = await readFile(file, "latin1");
  for (const digest of wanted) expect(image).toContain(digest);
  expect(image).toContain("content of kubelet");
  const { ino, mtimeMs } = await stat(file);
  expect(await artifactVolume(artifacts, context())).toEqual({ file, digests });
  expect(await stat(file)).toMatchObject({ ino, mtimeMs });
});

test("an image that was written to since is made again", async () => {
  const artifacts = await artifactsWith(await artifact("kubelet"));
  const { file } = await artifactVolume(artifacts, context());
  const good = await readFile(file);
  await writeFile(file, good.subarray(0, good.length - 2048));
  await artifactVolume(artifacts, context());
  expect((await readFile(file)).equals(good)).toBe(true);
});

test("a file that is not what its digest says stops it, and nothing is left", async () => {
  const kubelet = await artifact("kubelet");
  const artifacts = await artifactsWith(kubelet);
  await writeFile(kubelet.file, "CONTENT OF kubelet");
  await expect(artifactVolume(artifacts, context())).rejects.toThrow("not the file with that digest");
  expect(await volumes()).toEqual([]);
});

test("old volumes of other content go, young ones and other people's files stay", async () => {
  await mkdir(join(folder, "volumes"));
  const put = async (name: string, ageMs: number) => {
    const at = new Date(Date.now() - ageMs);
    await writeFile(join(folder, "volumes", name), "x");
    await utimes(join(folder, "volumes", name), at, at);
  };
  const day = 86_400_000;
  await put("artifacts-0000000000000001.iso", day);
  await put("artifacts-0000000000000001.iso.mark", day);
  await put("artifacts-0000000000000002.iso.4711.partial", day);
  await put("artifacts-0000000000000003.iso.4712.partial", 1000);
  await put("artifacts-0000000000000004.iso", 1000);
  await put("mine.iso", day);
  const { file } = await artifactVolume(await artifactsWith(await artifact("kubelet")), context());
  const name = file.slice(file.lastIndexOf("/") + 1);
  expect((await volumes()).sort()).toEqual(
    [
      "artifacts-0000000000000003.iso.4712.partial",
      "artifacts-0000000000000004.iso",
      name,
      `${name}.mark`,
      "mine.iso",
    ].sort(),
  );
});

test("an abort leaves no volume", async () => {
  const signal = AbortSignal.abort(new Error("stop it"));
  const artifacts = await artifactsWith(await artifact("kubelet"));
  await expect(artifactVolume(artifacts, context(signal))).rejects.toThrow("stop it");
  expect(await volumes()).toEqual([]);
});
