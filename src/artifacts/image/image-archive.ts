import { mkdtemp, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { createHash } from "node:crypto";
import type { ImageFile } from "../../contract/artifact.ts";
import { formatDigest, sha256Digest } from "../../contract/digest.ts";
import { type LayerSource, writeLayer } from "./image-layer.ts";
import { type Blob, descriptor, writeOciArchive } from "./oci-archive.ts";

/** The process an image runs; OCI image-spec names. */
export interface ImageConfig {
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  /** `KEY=value` */
  readonly Env?: readonly string[];
  /** Name or number, optionally `:group`. Numbers need no passwd file in the image. */
  readonly User?: string;
  readonly WorkingDir?: string;
  readonly Labels?: Readonly<Record<string, string>>;
}

export interface ImageArchive {
  /** Full reference with registry and tag, `registry.k8s.io/pause:3.2`. */
  readonly ref: string;
  readonly arch: "amd64" | "arm64";
  /** Lowest first. */
  readonly layers: readonly LayerSource[];
  readonly config: ImageConfig;
}

/**
 * Builds an image and writes it as an OCI layout in a tar, which `ctr images import`, `podman load` and `docker load` accept.
 * Equal input gives equal bytes: all times are the epoch, entries are sorted, layers are not compressed (they cross a local
 * connection once). `file` appears by rename; a failure leaves nothing behind.
 */
export async function writeImageArchive(
  image: ImageArchive,
  file: string,
  options: { readonly signal?: AbortSignal } = {},
): Promise<ImageFile> {
  options.signal?.throwIfAborted();
  const work = await mkdtemp(join(dirname(file), `.${basename(file)}-`));
  try {
    const layers: Blob[] = [];
    for (const [index, layer] of image.layers.entries())
      layers.push(await writeLayer(layer, join(work, `layer-${index}.tar`), options));
    const config = jsonBlob("application/vnd.oci.image.config.v1+json", configOf(image, layers));
    const manifest = jsonBlob("application/vnd.oci.image.manifest.v1+json", {
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      config: descriptor(config),
      layers: layers.map(descriptor),
    });
    return await writeOciArchive({ ref: image.ref, manifest, config, layers }, file, options);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

function configOf(image: ImageArchive, layers: readonly Blob[]): object {
  return {
    created: "1970-01-01T00:00:00Z",
    architecture: image.arch,
    os: "linux",
    config: image.config,
    rootfs: { type: "layers", diff_ids: layers.map((layer) => formatDigest(layer.digest)) },
    history: layers.map(() => ({ created: "1970-01-01T00:00:00Z", created_by: "localkube" })),
  };
}

function jsonBlob(mediaType: string, value: object): Blob {
  const content = Buffer.from(JSON.stringify(value));
  const digest = sha256Digest(createHash("sha256").update(content).digest("hex"));
  return { mediaType, digest, size: content.length, content };
}
