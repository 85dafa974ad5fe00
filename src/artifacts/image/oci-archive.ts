import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import type { Pack } from "tar-stream";
import type { ImageFile } from "../../contract/artifact.ts";
import { digestStream } from "../digest-stream.ts";
import { addTarFile, tarReadable } from "./tar-entry.ts";

/** A blob of an image: small ones in memory, layers as files. `digest` is `sha256:<hex>`. */
export interface Blob {
  readonly mediaType: string;
  readonly digest: string;
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
  const { mediaType, digest, size } = manifest;
  await addJson(pack, "oci-layout", { imageLayoutVersion: "1.0.0" });
  await addJson(pack, "index.json", {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.index.v1+json",
    manifests: [{ mediaType, digest, size, annotations }],
  });
  await addJson(pack, "manifest.json", [
    { Config: blobPath(config), RepoTags: [ref], Layers: layers.map(blobPath) },
  ]);
  const unique = new Map([manifest, config, ...layers].map((blob) => [blob.digest, blob]));
  for (const blob of unique.values())
    await addTarFile(pack, { name: blobPath(blob), mode: 0o644 }, contentOf(blob));
}

const addJson = (pack: Pack, name: string, value: object) =>
  addTarFile(pack, { name, mode: 0o644 }, Buffer.from(JSON.stringify(value)));

const blobPath = (blob: Blob) => `blobs/${blob.digest.replace(":", "/")}`;

function contentOf({ content, file, digest }: Blob): Uint8Array | { readonly file: string } {
  if (content) return content;
  if (file) return { file };
  throw new TypeError(`blob ${digest} has no content`);
}
