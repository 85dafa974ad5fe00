import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { ImageFile } from "../../contract/artifact.ts";
import { formatDigest } from "../../contract/digest.ts";
import type { RunContext } from "../../contract/host.ts";
import { type ArtifactStore, withArtifactLock } from "../artifact-store.ts";
import { imageFolder } from "../identity.ts";
import { VerifiedMemo } from "../verified-memo.ts";
import { writeOciArchive } from "./oci-archive.ts";
import { imageRef } from "../../contract/image-reference.ts";
import { cachedDigests, fetchRegistryImage, type RegistryDigests, registryRef } from "./registry-image.ts";

const lockWaitMs = 5 * 60_000;

/**
 * The archive of an image on the host. `<file>.sha256` holds the digest it had when it was written, and that of the manifest it was
 * made from: a tag may point to another image later.
 */
function archivePath(host: RunContext["host"], ref: string, arch: string): string {
  const { registry, repository, tag, digest } = registryRef(ref);
  const version = [tag ?? [], digest ? formatDigest(digest) : []].flat().join("@");
  return join(imageFolder(host), registry, ...repository.split("/"), `${version}-linux-${arch}.tar`);
}

/**
 * The name under which a node knows the image: of `web:2@sha256:…` the tag, because the digest is that of all platforms together, which an archive of one
 * platform does not have; not every runtime takes another name for it. The digest is checked when the image is fetched.
 */
function nameOnNodes(ref: string): string {
  const { registry, repository, tag } = registryRef(ref);
  return tag === undefined ? imageRef(ref) : `${registry}/${repository}:${tag}`;
}

type Context = Pick<RunContext, "host" | "signal">;
type Options = { readonly rehash?: boolean };

/** The archive, if it was made earlier from the image the cached tag points to and is undamaged; uses no network. */
export async function cachedImageArchive(
  store: ArtifactStore,
  ref: string,
  arch: "amd64" | "arm64",
  c: Context,
): Promise<ImageFile | undefined> {
  const digests = await cachedDigests(store, ref, arch);
  return digests && archiveOf(digests, ref, arch, c);
}

async function archiveOf(
  digests: RegistryDigests,
  ref: string,
  arch: "amd64" | "arm64",
  c: Context,
  options: Options = {},
): Promise<ImageFile | undefined> {
  const file = archivePath(c.host, ref, arch);
  const memo = new VerifiedMemo(imageFolder(c.host));
  const found = await memo.digest(file, { ...options, signal: c.signal });
  const note = await readFile(`${file}.sha256`, "utf8").catch(() => "");
  if (!found || note.trim() !== `${found.sha256} ${formatDigest(digests.manifest)}`) return undefined;
  return { file, ref: nameOnNodes(ref), sha256: found.sha256, size: found.size, registry: digests };
}

/** An image of a registry as an archive for `ctr images import`, assembled from the verified blobs in the cache. */
export async function registryImageArchive(
  store: ArtifactStore,
  ref: string,
  arch: "amd64" | "arm64",
  c: RunContext,
  options: Options = {},
): Promise<ImageFile> {
  const image = await fetchRegistryImage(store, ref, arch);
  const file = archivePath(c.host, ref, arch);
  return withArtifactLock(file, { signal: c.signal, waitMs: lockWaitMs }, async (signal) => {
    const cached = await archiveOf(image.digests, ref, arch, c, options);
    if (cached) return cached;
    const { default: writeFileAtomic } = await import("write-file-atomic");
    await rm(`${file}.sha256`, { force: true });
    const written = await writeOciArchive({ ...image, ref: nameOnNodes(ref) }, file, { signal });
    await writeFileAtomic(`${file}.sha256`, `${written.sha256} ${formatDigest(image.digests.manifest)}\n`);
    const memo = new VerifiedMemo(imageFolder(c.host));
    await memo.remember(file, { sha256: written.sha256 });
    await memo.save();
    return { ...written, registry: image.digests };
  });
}
