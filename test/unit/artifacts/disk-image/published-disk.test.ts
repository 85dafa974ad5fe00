import { randomBytes } from "node:crypto";
import { readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { publishedDisk } from "../../../../src/artifacts/disk-image/published-disk.ts";
import type { RemoteDisk } from "../../../../src/contract/artifact.ts";
import { connectProxy, tlsServer } from "../http/tls-behind-proxy.ts";
import { folderHandler, startServer } from "../loopback-server.ts";
import { hasty, put, sha512, temporaryFolder, type TestContext, testContext } from "../test-context.ts";

const content = randomBytes(40_000);
const paths = {
  debian: "cloud.debian.org/images/cloud/bookworm/latest/debian-12-generic-amd64.qcow2",
  flatcar: "stable.release.flatcar-linux.net/amd64-usr/current/flatcar_production_qemu_image.img",
} as const;
let folder: string;
let mirror: string;
let c: TestContext;

beforeEach(async () => {
  folder = await temporaryFolder();
  mirror = join(folder, "mirror");
  c = testContext(folder);
});

/** Puts an image into the mirror in its publisher's layout. */
async function publish(os: keyof typeof paths, image: Uint8Array): Promise<void> {
  const path = join(mirror, paths[os]);
  await put(path, image);
  const line = `${sha512(image)}  ${path.split("/").at(-1)}\n`;
  if (os === "debian")
    await put(
      join(dirname(path), "SHA512SUMS"),
      `${"0".repeat(128)}  debian-12-generic-arm64.qcow2\n${line}`,
    );
  else
    await put(
      `${path}.DIGESTS`,
      `# MD5 HASH\n${"1".repeat(32)}  x\n# SHA1 HASH\n${"2".repeat(40)}  x\n# SHA512 HASH\n${line}`,
    );
}

const published = (os: keyof typeof paths, from = mirror) =>
  publishedDisk({ os, mirror: from }, "amd64", { limits: hasty });
const bring = async (remote: RemoteDisk) => {
  let read: Buffer | undefined;
  await remote.withFile(await remote.currentDigest(c), c, async (file) => void (read = await readFile(file)));
  return read;
};

test.each(["debian", "flatcar"] as const)(
  "%s's image comes from a mirror's folder or address",
  async (os) => {
    await publish(os, content);
    const server = await startServer(folderHandler(mirror));
    for (const from of [mirror, server.url]) {
      await rm(c.host.cacheDir, { recursive: true, force: true });
      const remote = published(os, from);
      expect(remote).toMatchObject({ title: `https://${paths[os]}` });
      expect(remote.digest).toBeUndefined();
      expect(await bring(remote)).toEqual(content);
    }
    expect(server.requests.at(-1)).toBe(`GET /${paths[os]}`);
    // The cache is a tree that can be copied to a mirror.
    expect(await readFile(join(c.host.cacheDir, "artifacts", paths[os]))).toEqual(content);
  },
);

// A certificate, TLS and a proxy: on a busy host more than a unit test's five seconds.
test(
  "without a mirror it comes from Debian's own host, by HTTPS and through a proxy",
  { timeout: 30_000 },
  async () => {
    await publish("debian", content);
    const site = folderHandler(join(mirror, "cloud.debian.org"));
    const { port, certificate } = await tlsServer("cloud.debian.org", site);
    const proxy = await connectProxy(port);
    await put(join(folder, "ca.pem"), certificate);
    c = testContext(folder, { env: { HTTPS_PROXY: proxy.url, SSL_CERT_FILE: join(folder, "ca.pem") } });
    expect(await bring(published("debian", ""))).toEqual(content);
    expect(new Set(proxy.asked)).toEqual(new Set(["cloud.debian.org:443"]));
  },
);

test("arm64 has images of its own", () => {
  const title = (os: keyof typeof paths) => publishedDisk({ os, mirror: "" }, "arm64").title;
  expect(title("debian")).toContain("/debian-12-generic-arm64.qcow2");
  expect(title("flatcar")).toContain("/arm64-usr/current/flatcar_production_qemu_uefi_image.img");
});

test("a newer image is found, and where nobody answers the last one is still good", async () => {
  await publish("debian", content);
  expect(await bring(published("debian"))).toEqual(content);
  const newer = randomBytes(1000);
  await publish("debian", newer);
  expect(await bring(published("debian"))).toEqual(newer);
  expect(await bring(published("debian", "http://127.0.0.1:1"))).toEqual(newer);
  expect(c.lines.join()).toContain("going on with what it said the last time");
});

test("a damaged file of the cache is fetched again", async () => {
  await publish("debian", content);
  await bring(published("debian"));
  await writeFile(join(c.host.cacheDir, "artifacts", paths.debian), "damaged");
  expect(await bring(published("debian"))).toEqual(content);
});

test("a source without the image, with another one, and without its digest", async () => {
  await expect(bring(published("debian", "http://127.0.0.1:1"))).rejects.toMatchObject({
    id: "IMAGE_DOWNLOAD_FAILED",
  });
  await publish("debian", content);
  await writeFile(join(mirror, paths.debian), "another");
  await expect(bring(published("debian"))).rejects.toMatchObject({
    id: "IMAGE_DIGEST_WRONG",
    fix: expect.stringContaining("Run the same command again") as string,
  });
  await put(join(mirror, dirname(paths.debian), "SHA512SUMS"), "");
  await expect(bring(published("debian"))).rejects.toMatchObject({ id: "ARTIFACT_DIGEST_MISSING" });
});
