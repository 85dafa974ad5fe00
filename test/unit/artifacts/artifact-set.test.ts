import { randomBytes } from "node:crypto";
import { basename, dirname, join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { fetchArtifacts, planArtifacts } from "../../../src/artifacts/artifact-set.ts";
import { debianFileNames } from "../../../src/artifacts/debian/artifact-files.ts";
import { debianIdentity } from "../../../src/artifacts/debian-source.ts";
import { pullMirror } from "../../../src/artifacts/mirror.ts";
import { verifyMirror } from "../../../src/artifacts/verify-mirror.ts";
import { programReleases } from "../../../src/cluster/start/wishes.ts";
import { kubernetesPrograms } from "../../../src/contract/components.ts";
import { wishesOf } from "./fake-release.ts";
import { folderHandler, startServer } from "./loopback-server.ts";
import {
  hasty,
  put,
  sha256,
  sha512,
  temporaryFolder,
  type TestContext,
  testContext,
} from "./test-context.ts";

let folder: string;
let mirror: string;
let c: TestContext;

beforeEach(async () => {
  folder = await temporaryFolder();
  mirror = join(folder, "mirror");
  c = testContext(folder, { env: offline });
  await put(join(mirror, "README"), "a mirror");
});

/** Every name leads to a closed port: this host reaches nothing, wherever the test runs. */
const offline = { HTTPS_PROXY: "http://127.0.0.1:1" };
const request = { kubernetesVersion: "", artifacts: "auto", mirror: "" } as const;

async function putDebian(): Promise<void> {
  const base = join(mirror, await debianIdentity("amd64"));
  const lines: string[] = [];
  for (const name of debianFileNames) {
    const content = randomBytes(500);
    await put(join(base, name), content);
    lines.push(`${sha256(content)}  ${name}\n`);
  }
  await put(join(base, "SHA256SUMS"), lines.join(""));
}

test("auto takes Debian where upstream is out of reach, and says why", async () => {
  const plan = await planArtifacts(request, wishesOf, c.host);
  expect(plan).toMatchObject({ source: "debian", kubernetesVersion: "v1.20.2", complete: false });
  expect(plan.reason).toContain("dl.k8s.io is not reachable");
});

test("auto waits no longer than it says for a source that does not answer", async () => {
  const silent = await startServer(() => undefined);
  const started = Date.now();
  const plan = planArtifacts({ ...request, mirror: silent.url }, wishesOf, c.host, { probeTimeoutMs: 300 });
  await expect(plan).rejects.toMatchObject({
    id: "MIRROR_UNREACHABLE",
    message: expect.stringContaining("no answer in 0.3 s") as unknown,
  });
  expect(Date.now() - started).toBeLessThan(3000);
});

test("what was asked for is not second-guessed", async () => {
  const upstream = { ...request, artifacts: "upstream", kubernetesVersion: "1.33" } as const;
  expect(await planArtifacts(upstream, wishesOf, c.host)).toMatchObject({
    source: "upstream",
    kubernetesVersion: "v1.33.13",
    reason: "as asked for",
    complete: false,
  });
  expect(await planArtifacts({ ...request, artifacts: "debian" }, wishesOf, c.host)).toMatchObject({
    source: "debian",
    reason: "as asked for",
  });
});

test.each(["auto", "debian"] as const)(
  "%s: another version than Debian's is not offered",
  async (artifacts) => {
    const asked = { ...request, artifacts, kubernetesVersion: "v1.30.1" };
    await expect(planArtifacts(asked, wishesOf, c.host)).rejects.toMatchObject({
      id: "KUBERNETES_VERSION_NOT_OFFERED",
      params: { version: "v1.30.1", offered: "v1.20.2" },
    });
  },
);

test("a version nobody knows is refused before anything is asked", async () => {
  const asked = { ...request, kubernetesVersion: "v1.99.0" };
  await expect(planArtifacts(asked, wishesOf, c.host)).rejects.toMatchObject({
    id: "KUBERNETES_VERSION_UNKNOWN",
  });
});

test.each(["folder", "address"])("auto takes a mirror's release if it has one (%s)", async (kind) => {
  const server = await startServer(folderHandler(mirror));
  const from = { ...request, mirror: kind === "folder" ? mirror : server.url };
  expect(await planArtifacts(from, wishesOf, c.host)).toMatchObject({ source: "debian" });
  await put(join(mirror, "dl.k8s.io/release/stable.txt"), "v1.35.9\n");
  await put(join(mirror, "dl.k8s.io/release/v1.35.9/bin/linux/amd64/kubelet"), "x");
  expect(await planArtifacts(from, wishesOf, c.host)).toMatchObject({
    source: "upstream",
    kubernetesVersion: "v1.35.9",
    reason: expect.stringContaining("has v1.35.9") as unknown,
  });
});

test("a lying mirror is found out by our own digests", async () => {
  const base = "dl.k8s.io/release/v1.36.2/bin/linux/amd64";
  for (const name of ["kubelet", "kubectl"]) await put(join(mirror, base, name), "lies");
  const plan = await planArtifacts({ ...request, kubernetesVersion: "v1.36.2", mirror }, wishesOf, c.host);
  await expect(fetchArtifacts(plan, c, { limits: hasty })).rejects.toMatchObject({
    id: expect.stringMatching("ARTIFACT_DIGEST_MISMATCH|ARTIFACT_NOT_FOUND") as unknown,
  });
});

test.each(["folder", "address"])("Debian artifacts come from a mirror that has them (%s)", async (kind) => {
  await putDebian();
  const server = await startServer(folderHandler(mirror));
  const from = { ...request, mirror: kind === "folder" ? mirror : server.url };
  const plan = await planArtifacts(from, wishesOf, c.host);
  const set = await fetchArtifacts(plan, c, { limits: hasty });
  expect(set).toMatchObject({ source: "debian", kubernetesVersion: "v1.20.2" });
  expect(Object.keys(set.programs).sort()).toEqual([...kubernetesPrograms].sort());
  expect(set.images["pause"]?.ref).toContain("pause");
  const again = await planArtifacts(request, wishesOf, c.host);
  expect(again).toMatchObject({ source: "debian", complete: true });
  expect(await fetchArtifacts(again, c)).toEqual(set);
  const copy = join(folder, "copy");
  expect(await pullMirror(again, copy, c)).toMatchObject({ files: debianFileNames.length + 1 });
  expect(await verifyMirror(copy, programReleases(), c)).toMatchObject({ bad: [], unverified: [] });
});

test("a mirror's disk images are checked by the publisher's SHA-512", async () => {
  const image = "cloud.debian.org/images/cloud/bookworm/latest/debian-12-generic-amd64.qcow2";
  const flatcar = "stable.release.flatcar-linux.net/amd64-usr/current/flatcar.img";
  await put(join(mirror, image), "image");
  await put(join(mirror, dirname(image), "SHA512SUMS"), `${sha512("image")}  ${basename(image)}\n`);
  await put(join(mirror, flatcar), "other");
  await put(
    join(mirror, `${flatcar}.DIGESTS`),
    `# MD5 HASH\n${"0".repeat(32)}  flatcar.img\n# SHA512 HASH\n${sha512("image")}  flatcar.img\n`,
  );
  const { bad, unverified } = await verifyMirror(mirror, programReleases(), c);
  expect(bad).toEqual([
    {
      path: flatcar,
      problem: `has digest ${sha512("other")}, but flatcar.img.DIGESTS says ${sha512("image")}`,
    },
  ]);
  expect(unverified).not.toContain(image);
});
