import { readFile } from "node:fs/promises";
import type { ImageFile } from "../../contract/artifact.ts";
import { type Digest, formatDigest, parseDigest, sha256Digest } from "../../contract/digest.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import { type ArtifactStore, known, type Wanted } from "../artifact-store.ts";
import { imageDigests } from "../catalogue/catalogue-data.ts";
import { hashFile } from "../content-digest.ts";
import { sourceName } from "../source.ts";
import type { Blob, OciImage } from "./oci-archive.ts";
import { type ImageReference, parseImageRef } from "../../contract/image-reference.ts";

/** The parts of a registry's documents that are read; everything in them is optional until it has been checked. */
interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly platform?: { readonly os?: string; readonly architecture?: string };
}

interface ParsedManifest {
  readonly schemaVersion?: number;
  readonly mediaType?: string;
  /** Set in a list of platforms. */
  readonly manifests?: readonly Descriptor[];
  readonly config?: Descriptor;
  readonly layers?: readonly Descriptor[];
}

/** Kinds of documents we can read, for the Accept header. */
const accept = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

type Arch = "amd64" | "arm64";

export type RegistryDigests = NonNullable<ImageFile["registry"]>;

/** The parts of a reference that the catalogue or our own code made, so one that cannot be read is a bug. */
export function registryRef(ref: string): ImageReference {
  const parsed = parseImageRef(ref);
  if (!parsed) throw new TypeError(`not an image reference: ${ref}`);
  return parsed;
}

const repositoryFolder = ({ registry, repository }: ImageReference): string => `${registry}/v2/${repository}`;

/** Where the manifest (or list of platforms) of a reference is: the file of the tree from which all others of the image are found. */
function topIdentity(ref: string): string {
  const parts = registryRef(ref);
  return `${repositoryFolder(parts)}/manifests/${parts.digest ? formatDigest(parts.digest) : parts.tag}`;
}

function topManifest(ref: string): Wanted {
  const identity = topIdentity(ref);
  const digest = registryRef(ref).digest ?? imageDigests[ref];
  return { ...(digest ? known(identity, digest) : { identity, digest: { kind: "none" } }), accept };
}

/** The digest that our catalogue holds for the manifest of a tag, by its place in a tree. */
export function tagDigest(identity: string): Digest | undefined {
  const ref = Object.keys(imageDigests).find((pinned) => topIdentity(pinned) === identity);
  return ref === undefined ? undefined : imageDigests[ref];
}

/**
 * What the cached manifest of a reference leads to; `undefined` when there is none, or not the pinned one. Uses no network.
 */
export async function cachedDigests(
  store: ArtifactStore,
  ref: string,
  arch: Arch,
): Promise<RegistryDigests | undefined> {
  const top = topManifest(ref);
  if (!(await store.has(top))) return undefined;
  const file = store.path(top.identity);
  const document = parseManifest(await readFile(file, "utf8"));
  if (!document) return undefined;
  const digest = sha256Digest((await hashFile(file)).sha256);
  const manifest = document.manifests ? parseDigest(choose(document, arch)?.digest ?? "") : digest;
  return manifest && { digest, manifest };
}

/**
 * Fetches what one platform of an image needs, by the registry's own paths (`registry.k8s.io/v2/pause/manifests/3.9`,
 * `…/blobs/sha256:…`), each checked by the digest its parent names. The first one is checked by the digest in the reference or, for a tag,
 * by the one in our catalogue; without either, it is only as trustworthy as the source. Rejects with ARTIFACT_IMAGE_INVALID and what
 * `ArtifactStore.ensure` rejects with.
 */
export async function fetchRegistryImage(
  store: ArtifactStore,
  ref: string,
  arch: Arch,
): Promise<OciImage & { readonly digests: RegistryDigests }> {
  const base = repositoryFolder(registryRef(ref));
  const { digest, manifest } = await platformManifest(store, ref, base, arch);
  const parts = descriptorsOf(manifest.document);
  if (!parts) throw invalid(store, ref, "its manifest names no layers");
  const fetchBlob = async (part: Descriptor): Promise<Blob> => {
    const content = contentDigest(store, ref, part);
    const { file, size } = await store.ensure(known(`${base}/blobs/${part.digest}`, content));
    return { mediaType: part.mediaType, digest: content, size, file };
  };
  const [config, ...layers] = await Promise.all([parts.config, ...parts.layers].map(fetchBlob));
  if (!config) throw invalid(store, ref, "it has no config");
  const digests = { digest, manifest: manifest.blob.digest };
  return { ref, manifest: manifest.blob, config, layers, digests };
}

interface Manifest {
  readonly blob: Blob;
  readonly document: ParsedManifest;
}

async function platformManifest(
  store: ArtifactStore,
  ref: string,
  base: string,
  arch: Arch,
): Promise<{ readonly digest: Digest; readonly manifest: Manifest }> {
  const wanted = topManifest(ref);
  const top = await readManifest(store, ref, wanted).catch(async (error: unknown) => {
    // Only its form shows that the cached manifest of a tag is damaged: ask the source once more.
    if (!(error instanceof LocalkubeError) || error.id !== "ARTIFACT_IMAGE_INVALID") throw error;
    await store.forget(wanted.identity);
    return readManifest(store, ref, wanted);
  });
  const { digest } = top.blob;
  if (!top.document.manifests) return { digest, manifest: top };
  const choice = choose(top.document, arch);
  if (!choice) throw invalid(store, ref, `it is not offered for linux/${arch}`);
  const platform = known(`${base}/manifests/${choice.digest}`, contentDigest(store, ref, choice));
  return { digest, manifest: await readManifest(store, ref, { ...platform, accept }) };
}

const choose = ({ manifests }: ParsedManifest, arch: Arch): Descriptor | undefined =>
  manifests?.find(({ platform }) => platform?.os === "linux" && platform.architecture === arch);

async function readManifest(store: ArtifactStore, ref: string, wanted: Wanted): Promise<Manifest> {
  const { file, sha256, size } = await store.ensure(wanted);
  const content = await readFile(file);
  const document = parseManifest(content.toString("utf8"));
  if (!document) throw invalid(store, ref, "its manifest is not one");
  const mediaType = document.mediaType ?? "application/vnd.oci.image.manifest.v1+json";
  return { blob: { mediaType, digest: sha256Digest(sha256), size, content }, document };
}

function parseManifest(text: string): ParsedManifest | undefined {
  try {
    const document = JSON.parse(text) as ParsedManifest | null;
    return document?.schemaVersion === 2 ? document : undefined;
  } catch {
    return undefined;
  }
}

/** Config and layers of one platform's manifest; `undefined` when it is not such a document. */
function descriptorsOf({
  config,
  layers,
}: ParsedManifest): { readonly config: Descriptor; readonly layers: readonly Descriptor[] } | undefined {
  const sound = (part: Descriptor | undefined) => typeof part?.digest === "string";
  if (!config || !Array.isArray(layers) || !sound(config) || !layers.every(sound)) return undefined;
  return { config, layers: layers as readonly Descriptor[] };
}

function contentDigest(store: ArtifactStore, ref: string, { digest }: Descriptor): Digest {
  const parsed = parseDigest(digest);
  if (parsed?.algorithm !== "sha256") throw invalid(store, ref, "it names a digest that is not SHA-256");
  return parsed;
}

const invalid = (store: ArtifactStore, ref: string, problem: string): LocalkubeError =>
  new LocalkubeError("ARTIFACT_IMAGE_INVALID", { ref, source: sourceName(store.source, ref), problem });
