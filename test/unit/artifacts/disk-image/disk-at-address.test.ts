import { randomBytes } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { diskAtAddress } from "../../../../src/artifacts/disk-image/disk-at-address.ts";
import { folderHandler, type LoopbackServer, startServer } from "../loopback-server.ts";
import {
  hasty,
  put,
  sha256,
  sha512,
  temporaryFolder,
  type TestContext,
  testContext,
} from "../test-context.ts";

const content = randomBytes(50_000);
let folder: string;
let site: string;
let c: TestContext;
let server: LoopbackServer;

beforeEach(async () => {
  folder = await temporaryFolder();
  site = join(folder, "site");
  c = testContext(folder);
  await put(join(site, "images/my disk.qcow2"), content);
  server = await startServer(folderHandler(site));
});

const disk = (digest = "", path = "/images/my%20disk.qcow2") =>
  diskAtAddress(`${server.url}${path}${digest}`, { limits: hasty });
const bring = async (remote: ReturnType<typeof disk>) => {
  let read: Buffer | undefined;
  await remote.withFile(await remote.currentDigest(c), c, async (file) => void (read = await readFile(file)));
  return read;
};
const left = () => readdir(join(c.host.cacheDir, "images"));

test.each([
  ["sha256", sha256(content)],
  ["sha512", sha512(content)],
])("its %s behind the # is what counts; nothing stays once the image was of use", async (name, hex) => {
  const remote = disk(`#${name}=${hex}`);
  expect(remote.digest).toEqual({ algorithm: name, hex });
  expect(await bring(remote)).toEqual(content);
  expect(server.requests).toEqual(["GET /images/my%20disk.qcow2"]);
  expect(await left()).toEqual([]);
  expect(c.progress.at(-1)).toMatchObject({ done: content.length, total: content.length, unit: "bytes" });
});

test.each([
  ["SHA512SUMS", sha512(content)],
  ["SHA256SUMS", sha256(content)],
])("without one it is looked for in %s beside it", async (table, hex) => {
  await put(join(site, "images", table), `${"0".repeat(hex.length)}  other.qcow2\n${hex}  my disk.qcow2\n`);
  const remote = disk();
  expect(remote.digest).toBeUndefined();
  expect(await bring(remote)).toEqual(content);
  expect(await left()).toEqual([]);
});

test("without any nothing is downloaded, and the error says how to give one", async () => {
  await put(join(site, "images/SHA512SUMS"), `${sha512(content)}  other.qcow2\n`);
  await expect(disk("", "/images/my%20disk.qcow2?sig=secret").currentDigest(c)).rejects.toMatchObject({
    id: "IMAGE_DIGEST_MISSING",
    fix: `Add the digest that its publisher gives: --image ${server.url}/images/my%20disk.qcow2#sha256=HEX or #sha512=HEX`,
  });
  expect(server.requests.filter((request) => request.includes("disk"))).toEqual([]);
});

test("another content is refused and not kept", async () => {
  await expect(bring(disk(`#sha256=${"0".repeat(64)}`))).rejects.toMatchObject({
    id: "IMAGE_DIGEST_WRONG",
    params: { wanted: "0".repeat(64), got: sha256(content) },
  });
  expect(await left()).toEqual([]);
});

test("an image that is not there, and a server that is not, are told as what they are", async () => {
  await expect(bring(disk(`#sha256=${sha256(content)}`, "/none"))).rejects.toMatchObject({
    id: "IMAGE_DOWNLOAD_FAILED",
    message: expect.stringContaining("does not have") as string,
  });
  await expect(bring(diskAtAddress("http://127.0.0.1:1/disk", { limits: hasty }))).rejects.toMatchObject({
    id: "IMAGE_DOWNLOAD_FAILED",
    fix: expect.stringContaining("--image FILE") as string,
  });
});

test("what came whole but was of no use is there for the next time; a damaged one is downloaded again", async () => {
  const remote = disk(`#sha256=${sha256(content)}`);
  const digest = await remote.currentDigest(c);
  await expect(remote.withFile(digest, c, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  const [name = ""] = await left();
  expect(await bring(remote)).toEqual(content);
  expect(server.requests).toHaveLength(1);
  await writeFile(join(c.host.cacheDir, "images", name), "damaged");
  expect(await bring(remote)).toEqual(content);
  expect(server.requests).toHaveLength(2);
});
