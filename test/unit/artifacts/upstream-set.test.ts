import { randomBytes } from "node:crypto";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { inspectArchive } from "../../../src/artifacts/image/inspect-archive.ts";
import { copyToMirror } from "../../../src/artifacts/mirror.ts";
import { openSource } from "../../../src/artifacts/source.ts";
import { stableVersion } from "../../../src/artifacts/stable-version.ts";
import { fetchUpstream, upstreamComplete } from "../../../src/artifacts/upstream-set.ts";
import { verifyMirror } from "../../../src/artifacts/verify-mirror.ts";
import { parseDigest, sha256Digest } from "../../../src/contract/digest.ts";
import { programReleases } from "../../../src/cluster/start/wishes.ts";
import { type ArtifactSet, wishedImage, wishedProgram } from "../../../src/contract/artifact.ts";
import { fakeRelease, putFakeImage, putFakeRelease } from "./fake-release.ts";
import { folderHandler, startServer } from "./loopback-server.ts";
import { hasty, put, sha256, temporaryFolder, type TestContext, testContext } from "./test-context.ts";

let folder: string;
let mirror: string;
let c: TestContext;
const pause = "registry.k8s.io/v2/pause";
const apiserver = "dl.k8s.io/release/v1.30.999/bin/linux/amd64/kube-apiserver";

beforeEach(async () => {
  folder = await temporaryFolder();
  mirror = join(folder, "mirror");
  c = testContext(folder);
  await putFakeRelease(mirror);
});

const fetchFrom = async (from: string, context = c) =>
  fetchUpstream(fakeRelease, await openSource(from), context, { limits: hasty });

const pauseOf = (set: ArtifactSet) => wishedImage(set, "pause");

test("what nobody wished is named", async () => {
  const { set } = await fetchFrom(mirror);
  expect(() => wishedProgram(set, "cri-o")).toThrow(
    /'cri-o' was not wished, or the upstream artifacts have none/,
  );
  expect(() => wishedImage(set, "metrics-server")).toThrow(/image 'metrics-server'.*pause, cluster-dns/);
});

test("anything may be wished: a program and an image that localkube itself knows nothing of", async () => {
  const tool = {
    name: "tool",
    version: "7.0.1",
    neededBy: "a test",
    folder: "example.test/tool/{version}",
    file: "tool-{arch}.tgz",
    sums: "SUMS",
    unpack: { into: "programs", strip: 0, members: ["tool"] },
  } as const;
  const content = randomBytes(100);
  await put(join(mirror, "example.test/tool/7.0.1/tool-amd64.tgz"), content);
  await put(join(mirror, "example.test/tool/7.0.1/SUMS"), `${sha256(content)}  tool-amd64.tgz\n`);
  await putFakeImage(mirror, "example.test/v2/addon", "1");
  const images = [{ name: "addon", ref: "example.test/addon:1", neededBy: "a test" }];
  const release = { ...fakeRelease, wishes: { programs: [tool], images } };
  const { set } = await fetchUpstream(release, await openSource(mirror), c, { limits: hasty });
  expect(Object.keys(set.programs)).toEqual(["tool"]);
  expect(wishedProgram(set, "tool")).toMatchObject({
    version: "7.0.1",
    sha256: sha256(content),
    unpack: tool.unpack,
  });
  expect(wishedImage(set, "addon").ref).toBe("example.test/addon:1");
});

test("the archive of an image by tag and digest names the tag; by digest alone it is another file", async () => {
  const base = "example.test/v2/team/addon";
  await putFakeImage(mirror, base, "2");
  const list = await readFile(join(mirror, base, "manifests/2"), "utf8");
  const digest = `sha256:${sha256(list)}`;
  await put(join(mirror, base, "manifests", digest), list);
  const fetchAs = async (ref: string) => {
    const wishes = { programs: [], images: [{ name: "addon", ref, neededBy: "a test" }] };
    const release = { ...fakeRelease, wishes };
    const { set } = await fetchUpstream(release, await openSource(mirror), c, { limits: hasty });
    const { file } = wishedImage(set, "addon");
    const { images } = await inspectArchive(file, c.signal);
    return { file, names: images.map(({ names }) => names) };
  };
  const both = await fetchAs(`example.test/team/addon:2@${digest}`);
  const bare = await fetchAs(`example.test/team/addon@${digest}`);
  expect(both.names).toEqual([["example.test/team/addon:2"]]);
  expect(bare.names).toEqual([[`example.test/team/addon@${digest}`]]);
  expect(bare.file).not.toBe(both.file);
  expect(await fetchAs(`example.test/team/addon:2@${digest}`)).toEqual(both);
});

test("a file that is used as it is published comes with its digest, and no other content", async () => {
  const name = "raw.example.test/project/v1.6.1/kinds.yaml";
  await put(join(mirror, name), "kind: CustomResourceDefinition\n");
  const wish = (content: string) => ({ name, digest: sha256Digest(sha256(content)), neededBy: "a test" });
  const fetch = async (content: string) => {
    const wishes = { programs: [], images: [], files: [wish(content)] };
    const { set, identities } = await fetchUpstream({ ...fakeRelease, wishes }, await openSource(mirror), c, {
      limits: hasty,
    });
    return { files: set.files, identities, complete: await upstreamComplete(wishes, "amd64", c) };
  };
  await expect(fetch("another content\n")).rejects.toMatchObject({ id: "ARTIFACT_DIGEST_MISMATCH" });
  const { files, identities, complete } = await fetch("kind: CustomResourceDefinition\n");
  expect(await readFile(files?.[name]?.file ?? "", "utf8")).toBe("kind: CustomResourceDefinition\n");
  expect([identities, complete]).toEqual([[name], true]);
});

test("a whole release comes from a mirror served over HTTP, and then from the cache alone", async () => {
  const server = await startServer(folderHandler(mirror));
  expect(await upstreamComplete(fakeRelease.wishes, "amd64", c)).toBe(false);
  const { set } = await fetchFrom(server.url);
  expect(set.kubernetesVersion).toBe("v1.30.999");
  expect(wishedProgram(set, "etcd")).toMatchObject({
    version: "99.0.6",
    unpack: { members: ["etcd", "etcdctl"] },
  });
  expect(Object.keys(set.programs)).toEqual(fakeRelease.wishes.programs.map(({ name }) => name));
  expect(wishedProgram(set, "kube-apiserver").file).toBe(join(c.host.cacheDir, "artifacts", apiserver));
  expect(pauseOf(set).ref).toBe("registry.k8s.io/pause:99.1");
  expect(await upstreamComplete(fakeRelease.wishes, "amd64", c)).toBe(true);
  const asked = server.requests.length;
  expect((await fetchFrom(server.url)).set).toEqual(set);
  expect(server.requests).toHaveLength(asked);
});

test("the folder copied from the cache is a mirror again, and `sha256sum -c` agrees", async () => {
  const { identities } = await fetchFrom(mirror);
  const copy = join(folder, "copy");
  const first = await copyToMirror(identities, copy, c, "v1.30.999");
  expect(first).toMatchObject({ files: identities.length, added: identities.length });
  expect(await copyToMirror(identities, copy, c, "v1.30.999")).toMatchObject({ added: 0 });
  await c.host.run(["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], { cwd: copy });
  expect(await verifyMirror(copy, programReleases(), c)).toMatchObject({ bad: [], unverified: [] });
  const probe = { env: {}, timeoutMs: 2000 };
  expect(await stableVersion(await openSource(copy), probe)).toBe("v1.30.999");
  const server = await startServer(folderHandler(copy));
  expect(await stableVersion(await openSource(server.url), probe)).toBe("v1.30.999");
  const fresh = testContext(join(folder, "other-machine"));
  const { set } = await fetchFrom(server.url, fresh);
  expect(Object.keys(set.programs)).toHaveLength(11);
});

test("verify names every bad, missing and unknown file", async () => {
  const { identities } = await fetchFrom(mirror);
  const copy = join(folder, "copy");
  await copyToMirror(identities, copy, c);
  await writeFile(join(copy, apiserver), "damaged");
  const blob = identities.find((identity) => identity.includes("/blobs/")) ?? "";
  await rm(join(copy, blob));
  await put(join(copy, "dl.k8s.io/other"), "x");
  const kubelet = "dl.k8s.io/release/v1.36.2/bin/linux/amd64/kubelet";
  await put(join(copy, kubelet), "not the kubelet");
  const report = await verifyMirror(copy, programReleases(), c);
  expect(report.bad.map(({ path }) => path).sort()).toEqual([apiserver, blob, kubelet].sort());
  expect(report.bad.find(({ path }) => path === kubelet)?.problem).toContain("the catalogue says");
  expect(report.unverified).toEqual(["dl.k8s.io/other"]);
});

test("the first failure ends the others and leaves no lock", async () => {
  await rm(join(mirror, apiserver));
  await expect(fetchFrom(mirror)).rejects.toMatchObject({ id: "ARTIFACT_NOT_FOUND" });
  const left = await readdir(join(c.host.cacheDir, "artifacts"), { recursive: true });
  expect(left.filter((name) => /\.(lock|part)$/.test(name))).toEqual([]);
});

test("the archive of an image holds the platform's own manifest under its reference", async () => {
  const { set } = await fetchFrom(mirror);
  const { stdout } = await c.host.run(["tar", "-xOf", pauseOf(set).file, "index.json"]);
  const index = JSON.parse(stdout) as { manifests: { digest: string; annotations: object }[] };
  const [manifest] = index.manifests;
  expect(manifest?.annotations).toMatchObject({ "io.containerd.image.name": "registry.k8s.io/pause:99.1" });
  await readFile(join(mirror, "registry.k8s.io/v2/pause/manifests", manifest?.digest ?? ""));
});

test("an image keeps its registry's digests, fetched or from the cache", async () => {
  const list = await readFile(join(mirror, pause, "manifests/99.1"));
  const { manifests } = JSON.parse(list.toString()) as { manifests: { digest: string }[] };
  const registry = {
    digest: sha256Digest(sha256(list)),
    manifest: parseDigest(manifests[1]?.digest ?? ""),
  };
  expect(pauseOf((await fetchFrom(mirror)).set).registry).toEqual(registry);
  expect(pauseOf((await fetchFrom(mirror)).set).registry).toEqual(registry);
});

test.each([
  ["registry.k8s.io/pause", "registry.k8s.io/pause@DIGEST"],
  ["registry.k8s.io/pause:99.1", "registry.k8s.io/pause:99.1"],
])(
  "%s by digest is fetched by that, checked by that, and named so that every runtime finds it",
  async (name, named) => {
    const manifests = join(mirror, pause, "manifests");
    const list = await readFile(join(manifests, "99.1"));
    await rm(join(manifests, "99.1"));
    const digest = `sha256:${sha256(list)}`;
    const ref = `${name}@${digest}`;
    await put(join(manifests, digest), list);
    const { programs, images } = fakeRelease.wishes;
    const byDigest = images.map((wish) => (wish.name === "pause" ? { ...wish, ref } : wish));
    const release = { ...fakeRelease, wishes: { programs, images: byDigest } };
    const { set, identities } = await fetchUpstream(release, await openSource(mirror), c);
    expect(identities).toContain(`${pause}/manifests/${digest}`);
    expect(pauseOf(set).ref).toBe(named.replace("DIGEST", digest));
    expect(pauseOf(set).registry?.digest).toEqual(parseDigest(digest));
    expect(await upstreamComplete(release.wishes, "amd64", c)).toBe(true);
    await writeFile(join(manifests, digest), JSON.stringify({ schemaVersion: 2, lies: true }));
    const fresh = testContext(join(folder, "fresh"));
    const lied = fetchUpstream(release, await openSource(mirror), fresh);
    await expect(lied).rejects.toMatchObject({ id: "ARTIFACT_DIGEST_MISMATCH" });
  },
);

test("an archive is made again when its tag leads to another image, and not used for one that was not fetched", async () => {
  const before = pauseOf((await fetchFrom(mirror)).set);
  await putFakeImage(mirror, pause, "99.1");
  const cached = join(c.host.cacheDir, "artifacts", pause, "manifests/99.1");
  await writeFile(cached, await readFile(join(mirror, pause, "manifests/99.1")));
  expect(await upstreamComplete(fakeRelease.wishes, "amd64", c)).toBe(false);
  const after = pauseOf((await fetchFrom(mirror)).set);
  expect(after.file).toBe(before.file);
  expect(after.sha256).not.toBe(before.sha256);
  expect(await upstreamComplete(fakeRelease.wishes, "amd64", c)).toBe(true);
  await rm(cached);
  expect(await upstreamComplete(fakeRelease.wishes, "amd64", c)).toBe(false);
});

test("verify knows the digests of pinned images", async () => {
  const tag = "registry.k8s.io/v2/pause/manifests/3.9";
  await put(join(folder, "copy", tag), "{}");
  const report = await verifyMirror(join(folder, "copy"), programReleases(), c);
  expect(report.bad).toEqual([
    { path: tag, problem: expect.stringContaining("the catalogue says 7031c1b2") as string },
  ]);
});

test("a damaged archive is put together again", async () => {
  const { set } = await fetchFrom(mirror);
  await writeFile(pauseOf(set).file, "damaged");
  expect(await upstreamComplete(fakeRelease.wishes, "amd64", c)).toBe(false);
  expect(pauseOf((await fetchFrom(mirror)).set)).toEqual(pauseOf(set));
});

test("a cached tag that is no manifest is asked for again", async () => {
  await fetchFrom(mirror);
  await writeFile(join(c.host.cacheDir, "artifacts/registry.k8s.io/v2/pause/manifests/99.1"), "<html>");
  await fetchFrom(mirror);
});

test.each([
  ["no manifest", "<html>", "its manifest is not one"],
  [
    "another platform only",
    JSON.stringify({ schemaVersion: 2, manifests: [] }),
    "not offered for linux/amd64",
  ],
  ["no layers", JSON.stringify({ schemaVersion: 2, config: { digest: "x" } }), "names no layers"],
  [
    "a digest that would be a path",
    JSON.stringify({ schemaVersion: 2, config: { digest: "sha256:../../../../evil" }, layers: [] }),
    "a digest that is not SHA-256",
  ],
])("a registry that serves %s is refused", async (_name, manifest, problem) => {
  await putFakeImage(mirror, pause, "99.1");
  await put(join(mirror, pause, "manifests/99.1"), manifest);
  await expect(fetchFrom(mirror)).rejects.toMatchObject({
    id: "ARTIFACT_IMAGE_INVALID",
    message: expect.stringContaining(problem) as unknown,
  });
});

test("a mirror that lies about a blob is found out", async () => {
  const blobs = join(mirror, pause, "blobs");
  for (const name of await readdir(blobs)) await writeFile(join(blobs, name), "lies");
  await expect(fetchFrom(mirror)).rejects.toMatchObject({ id: "ARTIFACT_DIGEST_MISMATCH" });
});
