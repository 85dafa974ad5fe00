import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip, gunzipSync, gzipSync } from "node:zlib";
import { pack } from "tar-stream";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { archiveRegistry, type NamedArchive } from "../../../../src/artifacts/image/archive-registry.ts";
import { inspectArchive } from "../../../../src/artifacts/image/inspect-archive.ts";
import { settleNames } from "../../../../src/artifacts/image/naming.ts";
import { tarReadable } from "../../../../src/artifacts/image/oci-archive.ts";

let folder: string;
let server: Server | undefined;
const { signal } = new AbortController();
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "localkube-registry-"));
});
afterEach(async () => {
  server?.close();
  await rm(folder, { recursive: true, force: true });
});

const digest = (content: string | Buffer): string =>
  `sha256:${createHash("sha256").update(content).digest("hex")}`;

interface Link {
  readonly to: string;
}

async function archive(name: string, files: Readonly<Record<string, string | Buffer | Link>>, zip = false) {
  const tar = pack();
  for (const [path, content] of Object.entries(files)) {
    if (typeof content === "object" && "to" in content)
      tar.entry({ name: path, type: "symlink", linkname: content.to });
    else tar.entry({ name: path }, content);
  }
  tar.finalize();
  const file = join(folder, name);
  const out = createWriteStream(file);
  await (zip ? pipeline(tarReadable(tar), createGzip(), out) : pipeline(tarReadable(tar), out));
  const facts = await inspectArchive(file, signal);
  return { file, facts, names: settleNames(file, facts) } satisfies NamedArchive;
}

async function served(...archives: readonly NamedArchive[]) {
  const registry = await archiveRegistry(archives, signal);
  server = createServer((request, response) => registry.handle(request, response));
  await new Promise<void>((resolve) => server!.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const get = (path: string, method = "GET") => fetch(`http://127.0.0.1:${port}${path}`, { method });
  const bytes = async (path: string) => Buffer.from(await (await get(path)).arrayBuffer());
  return { registry, get, bytes };
}

// Larger than what is kept in memory.
const layer = Buffer.alloc(6 * 1024 * 1024, "layer ");
const zipped = gzipSync(layer);
const config = JSON.stringify({ architecture: "amd64", rootfs: { diff_ids: [digest(layer)] } });

/** As docker wrote it before 25: a layer that two images have is there once, and a link. */
const dockerFiles = {
  "a/layer.tar": layer,
  "b/layer.tar": { to: "../a/layer.tar" },
  "c/layer.tar.gz": zipped,
  "one.json": config,
  "two.json": `${config} `,
  "manifest.json": JSON.stringify([
    { Config: "one.json", RepoTags: ["web:1", "localhost/other:2"], Layers: ["a/layer.tar"] },
    { Config: "two.json", RepoTags: ["web:2"], Layers: ["b/layer.tar", "c/layer.tar.gz"] },
  ]),
};

interface Manifest {
  readonly mediaType: string;
  readonly config: { readonly digest: string };
  readonly layers: readonly { readonly digest: string; readonly size: number; readonly mediaType: string }[];
}

describe.each([false, true])("a docker-archive (compressed: %s)", (zip) => {
  test("is served with the manifests that docker would push, each image under its names and no other", async () => {
    const { registry, get, bytes } = await served(await archive("docker.tar", dockerFiles, zip));
    expect(registry.repositories).toEqual(
      new Map([
        ["docker.io/library/web", "r0"],
        ["localhost/other", "r1"],
      ]),
    );
    const answer = await get("/v2/r0/manifests/2");
    const type = "application/vnd.docker.distribution.manifest.v2+json";
    expect(answer.headers.get("content-type")).toBe(type);
    const text = Buffer.from(await answer.arrayBuffer());
    expect(answer.headers.get("docker-content-digest")).toBe(digest(text));
    const manifest = JSON.parse(text.toString()) as Manifest;
    expect(manifest.mediaType).toBe(type);
    expect(manifest.config.digest).toBe(digest(`${config} `));
    expect(manifest.layers.map(({ digest: one, size, mediaType }) => [one, size, mediaType])).toEqual([
      [digest(layer), layer.length, "application/vnd.docker.image.rootfs.diff.tar"],
      [digest(zipped), zipped.length, "application/vnd.docker.image.rootfs.diff.tar.gzip"],
    ]);
    expect((await bytes(`/v2/r0/blobs/${digest(layer)}`)).equals(layer)).toBe(true);
    expect(gunzipSync(await bytes(`/v2/r0/blobs/${digest(zipped)}`)).equals(layer)).toBe(true);
    expect((await bytes(`/v2/r0/blobs/${manifest.config.digest}`)).toString()).toBe(`${config} `);
    const one = (await (await get("/v2/r1/manifests/2")).json()) as Manifest;
    expect(one.config.digest).toBe(digest(config));
    const head = await get(`/v2/r0/blobs/${digest(layer)}`, "HEAD");
    expect(head.headers.get("content-length")).toBe(String(layer.length));
    for (const path of ["r0/manifests/3", "r2/manifests/2", `r9/blobs/${digest(layer)}`, "r0/manifests/"])
      expect((await get(`/v2/${path}`)).status, path).toBe(404);
    expect((await get("/v2/")).status).toBe(200);
    expect((await get("/v2/r0/manifests/2", "PUT")).status).toBe(405);
  });
});

test("an OCI layout keeps its manifests, and with them the digests that its images have", async () => {
  const manifest = JSON.stringify({
    schemaVersion: 2,
    config: { digest: digest(config), size: config.length },
    layers: [{ digest: digest(zipped), size: zipped.length }],
  });
  const type = "application/vnd.oci.image.index.v1+json";
  const index = JSON.stringify({ mediaType: type, manifests: [{ digest: digest(manifest) }] });
  const blob = (content: string | Buffer) => ({ [`blobs/${digest(content).replace(":", "/")}`]: content });
  const name = { "org.opencontainers.image.ref.name": "docker.io/library/web:1" };
  const { get, bytes } = await served(
    await archive("oci.tar", {
      "oci-layout": "{}",
      "index.json": JSON.stringify({ manifests: [{ digest: digest(index), annotations: name }] }),
      ...{ ...blob(index), ...blob(manifest), ...blob(config), ...blob(zipped) },
    }),
  );
  const answer = await get("/v2/r0/manifests/1");
  expect(answer.headers.get("content-type")).toBe(type);
  expect(await answer.text()).toBe(index);
  // A manifest that does not say what it is has OCI's type.
  const one = await get(`/v2/r0/manifests/${digest(manifest)}`);
  expect(one.headers.get("content-type")).toBe("application/vnd.oci.image.manifest.v1+json");
  expect((await bytes(`/v2/r0/blobs/${digest(zipped)}`)).equals(zipped)).toBe(true);
});

test("several archives are served together", async () => {
  const other = { "m.json": "{}", "manifest.json": '[{"Config":"m.json","RepoTags":["web:9"],"Layers":[]}]' };
  const { registry, get } = await served(await archive("a.tar", dockerFiles), await archive("b.tar", other));
  expect([...registry.repositories.keys()]).toEqual(["docker.io/library/web", "localhost/other"]);
  for (const tag of ["1", "2", "9"]) expect((await get(`/v2/r0/manifests/${tag}`)).status).toBe(200);
});
