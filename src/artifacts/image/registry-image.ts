import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { ArtifactStore } from "../artifact-store.ts";
import { imageDigests } from "../catalogue/catalogue-data.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import { sourceName } from "../source.ts";
import { known, type Wanted } from "../wanted.ts";
import {
  descriptorsOf,
  type Descriptor,
  manifestTypes,
  type ParsedManifest,
  platformOf,
} from "./manifest.ts";
import type { Blob, OciImage } from "./oci-archive.ts";

/** A reference in parts: `registry.k8s.io`, `coredns/coredns`, `v1.11.1`. */
export interface ImageRef {
  readonly registry: string;
  readonly repository: string;
  readonly tag: string;
}

/** Splits a full reference with tag; the catalogue and our own code make them, so any other form is a bug. */
export function parseRef(ref: string): ImageRef {
  const [, registry, repository, tag] = /^([^/]+)\/(.+):([\w.-]+)$/.exec(ref) ?? [];
  if (!registry || !repository || !tag) throw new TypeError(`not a full image reference: ${ref}`);
  return { registry, repository, tag };
}

/** Where a tag's manifest (or list of platforms) is: the file of the tree from which all others of the image are found. */
function tagIdentity(ref: string): string {
  const { registry, repository, tag } = parseRef(ref);
  return `${registry}/v2/${repository}/manifests/${tag}`;
}

function tagManifest(ref: string): Wanted {
  const identity = tagIdentity(ref);
  const sha256 = imageDigests[ref];
  const accept = manifestTypes.join(", ");
  return { ...(sha256 ? known(identity, sha256) : { identity, digest: { kind: "none" } }), accept };
}

/** The digest that our catalogue holds for the manifest of a tag, by its place in a tree. */
export function tagDigest(identity: string): string | undefined {
  const ref = Object.keys(imageDigests).find((pinned) => tagIdentity(pinned) === identity);
  return ref === undefined ? undefined : imageDigests[ref];
}

/**
 * Digest (`sha256:…`) of the platform's manifest that the cached tag points to; `undefined` when there is none, or not the pinned one.
 * Uses no network.
 */
export async function cachedManifestDigest(
  store: ArtifactStore,
  ref: string,
  arch: "amd64" | "arm64",
): Promise<string | undefined> {
  const tag = tagManifest(ref);
  if (!(await store.has(tag))) return undefined;
  const content = await readFile(store.path(tag.identity));
  const document = parseManifest(content.toString("utf8"));
  if (!document) return undefined;
  if (!document.manifests) return `sha256:${createHash("sha256").update(content).digest("hex")}`;
  return document.manifests.find((entry) => platformOf(entry) === `linux/${arch}`)?.digest;
}

/**
 * Fetches what one platform of an image needs, by the registry's own paths (`registry.k8s.io/v2/pause/manifests/3.9`,
 * `…/blobs/sha256:…`), each checked by the digest its parent names. The tag itself is checked where our catalogue knows its
 * digest; elsewhere it is only as trustworthy as the source. Rejects with ARTIFACT_IMAGE_INVALID and what `ArtifactStore.ensure` rejects with.
 */
export async function fetchRegistryImage(
  store: ArtifactStore,
  ref: string,
  arch: "amd64" | "arm64",
): Promise<OciImage> {
  const { registry, repository } = parseRef(ref);
  const base = `${registry}/v2/${repository}`;
  const manifest = await platformManifest(store, ref, base, arch);
  const parts = descriptorsOf(manifest.document);
  if (!parts) throw invalid(store, ref, "its manifest names no layers");
  const fetchBlob = async (part: Descriptor): Promise<Blob> => {
    const { file, size } = await store.ensure(known(`${base}/blobs/${part.digest}`, hexOf(store, ref, part)));
    return { mediaType: part.mediaType, digest: part.digest, size, file };
  };
  const [config, ...layers] = await Promise.all([parts.config, ...parts.layers].map(fetchBlob));
  if (!config) throw invalid(store, ref, "it has no config");
  return { ref, manifest: manifest.blob, config, layers };
}

interface Manifest {
  readonly blob: Blob;
  readonly document: ParsedManifest;
}

async function platformManifest(
  store: ArtifactStore,
  ref: string,
  base: string,
  arch: string,
): Promise<Manifest> {
  const tag = tagManifest(ref);
  const top = await readManifest(store, ref, tag).catch(async (error: unknown) => {
    // Only its form shows that the cached manifest of a tag is damaged: ask the source once more.
    if (!(error instanceof LocalkubeError) || error.id !== "ARTIFACT_IMAGE_INVALID") throw error;
    await store.forget(tag.identity);
    return readManifest(store, ref, tag);
  });
  if (!top.document.manifests) return top;
  const choice = top.document.manifests.find((entry) => platformOf(entry) === `linux/${arch}`);
  if (!choice) throw invalid(store, ref, `it is not offered for linux/${arch}`);
  const identity = `${base}/manifests/${choice.digest}`;
  const accept = manifestTypes.join(", ");
  return readManifest(store, ref, { ...known(identity, hexOf(store, ref, choice)), accept });
}

async function readManifest(store: ArtifactStore, ref: string, wanted: Wanted): Promise<Manifest> {
  const { file, sha256, size } = await store.ensure(wanted);
  const content = await readFile(file);
  const document = parseManifest(content.toString("utf8"));
  if (!document) throw invalid(store, ref, "its manifest is not one");
  const mediaType = document.mediaType ?? "application/vnd.oci.image.manifest.v1+json";
  return { blob: { mediaType, digest: `sha256:${sha256}`, size, content }, document };
}

function parseManifest(text: string): ParsedManifest | undefined {
  try {
    const document = JSON.parse(text) as ParsedManifest | null;
    return document?.schemaVersion === 2 ? document : undefined;
  } catch {
    return undefined;
  }
}

function hexOf(store: ArtifactStore, ref: string, { digest }: Descriptor): string {
  const hex = /^sha256:([0-9a-f]{64})$/.exec(digest)?.[1];
  if (hex === undefined) throw invalid(store, ref, "it names a digest that is not SHA-256");
  return hex;
}

const invalid = (store: ArtifactStore, ref: string, problem: string): LocalkubeError =>
  new LocalkubeError("ARTIFACT_IMAGE_INVALID", { ref, source: sourceName(store.source, ref), problem });
