import { createReadStream, createWriteStream } from "node:fs";
import { rename, rm, stat } from "node:fs/promises";
import { Readable, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Header, Pack } from "tar-stream";
import type { ImageFile } from "../../contract/artifact.ts";
import { type Digest, formatDigest } from "../../contract/digest.ts";
import { digestStream } from "../content-digest.ts";

/** A blob of an image: small ones in memory, layers as files. */
export interface Blob {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly content?: Uint8Array;
  readonly file?: string;
}

export interface OciImage {
  readonly ref: string;
  readonly manifest: Blob;
  readonly config: Blob;
  readonly layers: readonly Blob[];
}

/**
 * Writes an OCI layout with one image as tar. `manifest.json` is docker's older form of the same, for `docker load` before 25;
 * containerd reads `index.json` when both exist. The two annotations are how containerd and podman learn the name.
 */
export async function writeOciArchive(
  image: OciImage,
  file: string,
  options: { readonly signal?: AbortSignal } = {},
): Promise<ImageFile> {
  const { pack: newPack } = await import("tar-stream");
  const pack = newPack();
  const digest = digestStream();
  const part = `${file}.${process.pid}.part`;
  const filled = fill(pack, image).then(
    () => pack.finalize(),
    (error: unknown) => pack.destroy(error instanceof Error ? error : new Error(String(error))),
  );
  try {
    await pipeline(
      tarReadable(pack),
      digest,
      createWriteStream(part),
      options.signal ? { signal: options.signal } : {},
    );
    await filled;
    await rename(part, file);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
  return { file, ref: image.ref, sha256: digest.hex(), size: digest.bytes() };
}

async function fill(pack: Pack, image: OciImage): Promise<void> {
  const { ref, manifest, config, layers } = image;
  const annotations = { "io.containerd.image.name": ref, "org.opencontainers.image.ref.name": ref };
  await addJson(pack, "oci-layout", { imageLayoutVersion: "1.0.0" });
  await addJson(pack, "index.json", {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.index.v1+json",
    manifests: [{ ...descriptor(manifest), annotations }],
  });
  await addJson(pack, "manifest.json", [
    { Config: blobPath(config), RepoTags: [ref], Layers: layers.map(blobPath) },
  ]);
  const unique = new Map([manifest, config, ...layers].map((blob) => [blob.digest.hex, blob]));
  for (const blob of unique.values())
    await addTarFile(pack, { name: blobPath(blob), mode: 0o644 }, contentOf(blob));
}

const addJson = (pack: Pack, name: string, value: object) =>
  addTarFile(pack, { name, mode: 0o644 }, Buffer.from(JSON.stringify(value)));

/** How OCI's documents speak of a blob. */
export const descriptor = ({ mediaType, digest, size }: Blob) => ({
  mediaType,
  digest: formatDigest(digest),
  size,
});

const blobPath = ({ digest }: Blob) => `blobs/${digest.algorithm}/${digest.hex}`;

function contentOf({ content, file, digest }: Blob): Uint8Array | { readonly file: string } {
  if (content) return content;
  if (file) return { file };
  throw new TypeError(`blob ${formatDigest(digest)} has no content`);
}

/** Adds one file with the epoch as its time (determinism) and waits until its content is in the tar. */
export async function addTarFile(
  pack: Pack,
  header: Partial<Header> & Pick<Header, "name">,
  content: Uint8Array | { readonly file: string },
): Promise<void> {
  const fixed = { ...header, type: "file" as const, mtime: new Date(0) };
  if (content instanceof Uint8Array) {
    await new Promise<void>((resolve, reject) => {
      pack.entry(fixed, Buffer.from(content), (error) => (error ? reject(error) : resolve()));
    });
    return;
  }
  const { size } = await stat(content.file);
  await pipeline(createReadStream(content.file), pack.entry({ ...fixed, size }) as unknown as Writable);
}

/**
 * The tar as a stream of Node: tar-stream's streams are streamx ones, whose errors Node's `pipeline` does not catch when it is
 * aborted; iteration does.
 */
export const tarReadable = (pack: Pack): Readable => Readable.from(pack, { objectMode: false });
