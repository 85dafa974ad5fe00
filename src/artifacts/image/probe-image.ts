import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { formatDigest, sha256Digest } from "../../contract/digest.ts";
import { addTarFile, type Blob, descriptor, tarReadable } from "./oci-archive.ts";
import { type ProbeArch, probeProgram } from "./probe-program.ts";

/** The program's path in the image. */
export const probePath = "/runtime-check";

/** An image in memory, for all processors that it knows. */
export interface MemoryImage {
  /** Its index: what a tag stands for. */
  readonly index: Blob;
  /** All of it by digest, `sha256:…`, the index included. */
  readonly blobs: ReadonlyMap<string, Blob>;
}

/** The image whose only file is `probeProgram`, which it runs. Equal calls give equal bytes. */
export async function probeImage(): Promise<MemoryImage> {
  const blobs: Blob[] = [];
  const manifests: object[] = [];
  for (const architecture of ["amd64", "arm64"] as const) {
    const { config, layer, manifest } = await imageFor(architecture);
    blobs.push(config, layer, manifest);
    manifests.push({ ...descriptor(manifest), platform: { architecture, os: "linux" } });
  }
  const mediaType = "application/vnd.oci.image.index.v1+json";
  const index = jsonBlob(mediaType, { schemaVersion: 2, mediaType, manifests });
  return {
    index,
    blobs: new Map([...blobs, index].map((one) => [formatDigest(one.digest), one])),
  };
}

async function imageFor(architecture: ProbeArch) {
  const { pack: newPack } = await import("tar-stream");
  const pack = newPack();
  const packed = buffer(tarReadable(pack));
  await addTarFile(pack, { name: probePath.slice(1), mode: 0o755 }, probeProgram(architecture));
  pack.finalize();
  const tar = await packed;
  const layer = blob("application/vnd.oci.image.layer.v1.tar+gzip", gzipSync(tar));
  const config = jsonBlob("application/vnd.oci.image.config.v1+json", {
    created: "1970-01-01T00:00:00Z",
    architecture,
    os: "linux",
    config: { Entrypoint: [probePath] },
    rootfs: { type: "layers", diff_ids: [formatDigest(digestOf(tar))] },
  });
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const manifest = jsonBlob(mediaType, {
    schemaVersion: 2,
    mediaType,
    config: descriptor(config),
    layers: [descriptor(layer)],
  });
  return { layer, config, manifest };
}

const digestOf = (content: Uint8Array) => sha256Digest(createHash("sha256").update(content).digest("hex"));
const blob = (mediaType: string, content: Uint8Array): Blob => ({
  mediaType,
  digest: digestOf(content),
  size: content.length,
  content,
});
const jsonBlob = (mediaType: string, value: object): Blob =>
  blob(mediaType, Buffer.from(JSON.stringify(value)));

/**
 * Answers requests as a registry that has one image under every name and tag: the part of the distribution specification that pulling needs. For
 * `createServer` of `node:http`.
 */
export function serveImage(image: MemoryImage) {
  return ({ method, url = "/" }: IncomingMessage, response: ServerResponse): void => {
    response.setHeader("docker-distribution-api-version", "registry/2.0");
    if (method !== "GET" && method !== "HEAD") return void response.writeHead(405).end();
    if (/^\/v2\/?$/.test(url)) return void response.writeHead(200).end();
    const found = wanted(image, url);
    if (!found) {
      const error = { code: "NOT_FOUND", message: "there is no such manifest or blob" };
      response.writeHead(404, { "content-type": "application/json" });
      return void response.end(JSON.stringify({ errors: [error] }));
    }
    response.writeHead(200, {
      "content-type": found.mediaType,
      "content-length": found.size,
      "docker-content-digest": formatDigest(found.digest),
    });
    response.end(method === "HEAD" ? undefined : found.content);
  };
}

function wanted({ index, blobs }: MemoryImage, url: string): Blob | undefined {
  const [, kind, ref = ""] = /^\/v2\/.+\/(manifests|blobs)\/([^/?]+)$/.exec(url) ?? [];
  return kind === "manifests" && !ref.includes(":") ? index : blobs.get(ref);
}
