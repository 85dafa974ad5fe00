import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { inspect } from "node:util";
import { beforeEach, expect, test } from "vitest";
import { ArtifactStore, known } from "../../../src/artifacts/artifact-store.ts";
import { openSource } from "../../../src/artifacts/source.ts";
import { sha256Digest } from "../../../src/contract/digest.ts";
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

const identity = "dl.k8s.io/release/v1.30.0/bin/linux/amd64/kubelet";
const content = randomBytes(50_000);
const wanted = known(identity, sha256Digest(sha256(content)));
let folder: string;
let mirror: string;
let cached: string;
let c: TestContext;

beforeEach(async () => {
  folder = await temporaryFolder();
  mirror = join(folder, "mirror");
  c = testContext(folder);
  cached = join(c.host.cacheDir, "artifacts", identity);
  await put(join(mirror, identity), content);
});

const storeOf = async (from = mirror, options: { rehash?: boolean } = {}) =>
  new ArtifactStore(await openSource(from), c, { limits: hasty, ...options });

test("a mirror folder and the same folder served over HTTP give the same file", async () => {
  const server = await startServer(folderHandler(mirror));
  for (const from of [mirror, server.url, `${server.url}/`]) {
    await rm(c.host.cacheDir, { recursive: true, force: true });
    const file = await (await storeOf(from)).ensure(wanted);
    expect(file).toEqual({ file: cached, sha256: sha256(content), size: content.length });
    expect(await readdir(dirname(cached))).toEqual(["kubelet"]);
  }
  expect(c.progress.at(-1)).toMatchObject({ done: content.length, total: content.length, unit: "bytes" });
});

test("what is in the cache is not asked for again, also when the source is gone", async () => {
  await (await storeOf()).ensure(wanted);
  const offline = await storeOf("http://127.0.0.1:1");
  expect(await offline.has(wanted)).toBe(true);
  expect((await offline.ensure(wanted)).sha256).toBe(sha256(content));
});

test("a damaged cache file is said, removed and fetched again", async () => {
  const store = await storeOf();
  await store.ensure(wanted);
  await store.save();
  await writeFile(cached, "damaged");
  const again = await storeOf();
  expect(await again.has(wanted)).toBe(false);
  await again.ensure(wanted);
  expect(await readFile(cached)).toEqual(content);
  expect(c.lines.join()).toContain("damaged");
});

test("an unchanged file is not hashed again unless asked for; size, time or inode betray a change", async () => {
  const store = await storeOf();
  await store.ensure(wanted);
  await store.save();
  const { atime, mtime } = await stat(cached);
  const other = Buffer.alloc(content.length, 1);
  const handle = await readFile(cached);
  await writeFile(cached, other); // same inode and size
  await utimes(cached, atime, mtime); // milliseconds only: nanoseconds differ
  expect(handle.length).toBe(other.length);
  expect(await (await storeOf()).has(wanted)).toBe(false);
  // A mark that fits the damaged file hides it from a quick look, not from a thorough one.
  const memo = join(c.host.cacheDir, "artifacts/.verified.json");
  const damaged = await stat(cached, { bigint: true });
  const mark = {
    size: Number(damaged.size),
    mtimeNs: String(damaged.mtimeNs),
    ino: String(damaged.ino),
    sha256: sha256(content),
  };
  await writeFile(memo, JSON.stringify({ [identity]: mark }));
  expect(await (await storeOf()).has(wanted)).toBe(true);
  expect(await (await storeOf(mirror, { rehash: true })).has(wanted)).toBe(false);
});

test("a damaged memo is an empty one", async () => {
  const store = await storeOf();
  await store.ensure(wanted);
  await writeFile(join(c.host.cacheDir, "artifacts/.verified.json"), "{");
  expect(await (await storeOf()).has(wanted)).toBe(true);
});

test("two stores that want the same file fetch it once", async () => {
  const server = await startServer((request, response) => {
    setTimeout(() => folderHandler(mirror)(request, response), 150);
  });
  const stores = await Promise.all([storeOf(server.url), storeOf(server.url)]);
  await Promise.all(stores.map((store) => store.ensure(wanted)));
  expect(server.requests).toHaveLength(1);
  expect(c.lines.join()).toContain("another localkube is fetching it");
});

test("waiting for another one's lock ends with the signal", async () => {
  await mkdir(`${cached}.lock`, { recursive: true });
  const stop = new AbortController();
  const waiting = testContext(folder, { signal: stop.signal });
  const store = new ArtifactStore(await openSource(mirror), waiting);
  setTimeout(() => stop.abort(new Error("Ctrl-C")), 100);
  await expect(store.ensure(wanted)).rejects.toThrow(/Ctrl-C|aborted/);
});

test("the lock of a process that died is taken over", { timeout: 20_000 }, async () => {
  const lock = `${cached}.lock`;
  await mkdir(lock, { recursive: true });
  const old = new Date(Date.now() - 60_000);
  await utimes(lock, old, old);
  expect((await (await storeOf()).ensure(wanted)).size).toBe(content.length);
});

const companion = { identity, digest: { kind: "companion", identity: `${identity}.sha256` } } as const;

test("a publisher's digest file is used, kept, and checked again by the source when it does not fit", async () => {
  await put(join(mirror, companion.digest.identity), `${sha256(content)}\n`);
  const store = await storeOf();
  await store.ensure(companion);
  expect([...store.identities].sort()).toEqual([identity, companion.digest.identity]);
  await writeFile(`${cached}.sha256`, `${sha256("another")}\n`); // damaged in the cache, though well-formed
  expect((await (await storeOf()).ensure(companion)).sha256).toBe(sha256(content));
});

test("a digest file without a digest is refused", async () => {
  await put(join(mirror, companion.digest.identity), "<html>login</html>");
  await expect((await storeOf()).ensure(companion)).rejects.toMatchObject({ id: "ARTIFACT_DIGEST_MISSING" });
});

test("a lying mirror folder is named", async () => {
  await put(join(mirror, identity), "lies");
  await expect((await storeOf()).ensure(wanted)).rejects.toMatchObject({
    id: "ARTIFACT_DIGEST_MISMATCH",
    params: { source: mirror },
  });
  expect(await readdir(dirname(cached))).toEqual([]);
});

test("what a mirror folder lacks is not found", async () => {
  await rm(join(mirror, identity));
  await expect((await storeOf()).ensure(wanted)).rejects.toMatchObject({ id: "ARTIFACT_NOT_FOUND" });
});

test.each(["folder", "address"])("a full disk is told as such (%s)", async (kind) => {
  const server = await startServer(folderHandler(mirror));
  await mkdir(dirname(cached), { recursive: true });
  await symlink("/dev/full", `${cached}.part`); // every write there fails with ENOSPC
  const store = await storeOf(kind === "folder" ? mirror : server.url);
  await expect(store.ensure(wanted)).rejects.toMatchObject({ id: "ARTIFACT_NO_SPACE" });
});

test("nor is it when the mirror is out of reach", async () => {
  const store = await storeOf("http://me:secret@127.0.0.1:1/");
  const error: unknown = await store.ensure(wanted).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ id: "MIRROR_UNREACHABLE" });
  expect(inspect(error, { depth: 10 }) + c.lines.join()).not.toContain("secret");
});

test("a password in the mirror's address is sent, but never shown", async () => {
  const server = await startServer((request, response) => {
    const authorization = Buffer.from(request.headers.authorization?.replace("Basic ", "") ?? "", "base64");
    response.writeHead(authorization.toString() === "me:secret" ? 404 : 401).end();
  });
  const store = await storeOf(server.url.replace("//", "//me:secret@"));
  const error: unknown = await store.ensure(wanted).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ id: "ARTIFACT_NOT_FOUND" });
  expect(inspect(error, { depth: 10 }) + c.lines.join()).not.toContain("secret");
});

test("a file that is known by its SHA-512 alone is checked by that one, coming in and in the cache", async () => {
  const right = known(identity, { algorithm: "sha512", hex: sha512(content) });
  const wrong = known(identity, { algorithm: "sha512", hex: "0".repeat(128) });
  await expect((await storeOf()).ensure(wrong)).rejects.toMatchObject({
    id: "ARTIFACT_DIGEST_MISMATCH",
    params: { wanted: "0".repeat(128), got: sha512(content) },
  });
  const store = await storeOf();
  expect(await store.ensure(right)).toEqual({ file: cached, sha256: sha256(content), size: content.length });
  await store.save();
  // Hashed again: what the sidecar of another release remembers has no SHA-512.
  const sidecar = join(c.host.cacheDir, "artifacts/.verified.json");
  const marks = JSON.parse(await readFile(sidecar, "utf8")) as Record<string, { sha512?: string }>;
  delete marks[identity]?.sha512;
  await writeFile(sidecar, JSON.stringify(marks));
  const offline = await storeOf("http://127.0.0.1:1");
  expect(await offline.has(right)).toBe(true);
  await writeFile(cached, "damaged");
  expect(await offline.has(right)).toBe(false);
});

test("a table of digests is asked for again, and the cached one stays when that fails", async () => {
  const table = "cloud.debian.org/images/SHA512SUMS";
  await put(join(mirror, table), "old");
  const store = await storeOf();
  await store.ensure({ identity: table, digest: { kind: "none" } });
  await put(join(mirror, table), "new");
  expect(await readFile((await store.renew(table)).file, "utf8")).toBe("new");
  await expect((await storeOf("http://127.0.0.1:1")).renew(table)).rejects.toMatchObject({
    id: "MIRROR_UNREACHABLE",
  });
  expect(await readFile(store.path(table), "utf8")).toBe("new");
});
