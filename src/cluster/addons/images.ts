import { readFile } from "node:fs/promises";
import { fetchArtifacts } from "../../artifacts/artifact-set.ts";
import { inspectArchive } from "../../artifacts/image/inspect-archive.ts";
import { catalogueEntry } from "../../artifacts/catalogue/catalogue-entry.ts";
import type { ArtifactSet, ImageFile, ImageWish, Wishes } from "../../contract/artifact.ts";
import { parseDigest } from "../../contract/digest.ts";
import { LocalkubeError, messageOf } from "../../contract/errors/localkube-error.ts";
import type { RunContext } from "../../contract/host.ts";
import { imageRef } from "../../contract/image-reference.ts";
import { imageIds, withCri } from "../../runtimes/cri/images.ts";
import type { ClusterRecord } from "../../state/cluster-record.ts";
import { loadArchive } from "../images/load.ts";
import type { ChosenAddon } from "./choose.ts";
import type { LiveCluster } from "./live-cluster.ts";

/** An image that an addon wants, as its row names it. */
export interface AddonImage {
  readonly addon: string;
  /** By which objects name it: `${image.KEY}`. */
  readonly key: string;
  readonly ref: string;
}

/** What `localkube.local` has, the cluster's artifacts make; the rest comes from registries. */
const ownPrefix = "localkube.local/";
const isOwn = ({ ref }: Pick<AddonImage, "ref">): boolean => ref.startsWith(ownPrefix);

export const imagesOf = ({
  folder: { addon },
  row,
}: Pick<ChosenAddon, "folder" | "row">): readonly AddonImage[] =>
  Object.entries(row.images).map(([key, ref]) => ({ addon: addon.name, key, ref }));

const cataloguePrefix = "catalogue:";

/** The reference of one that belongs to the Kubernetes version; any other as it is. Throws an Error that names what the catalogue has not. Pure. */
export function settledRef(
  ref: string,
  { kubernetesVersion }: Pick<ClusterRecord, "kubernetesVersion">,
): string {
  if (!ref.startsWith(cataloguePrefix)) return ref;
  const found = catalogueEntry(kubernetesVersion).images[ref.slice(cataloguePrefix.length)];
  if (found === undefined) throw new Error(`the catalogue has no ${ref} for ${kubernetesVersion}`);
  return found;
}

/** An archive under its tag alone: what is loaded has no digest of a registry, so no pod could find it by one. Pure. */
export const nameInNode = (ref: string): string => imageRef(ref.replace(/@sha256:[0-9a-f]+$/, ""));

/** What addons want from outside, on this computer: images ready to be loaded, and texts of published files. */
export interface GotContent {
  /** By addon and key: the names that pods use. */
  readonly refs: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Those that some node may lack, by name in the node. */
  readonly archives: ReadonlyMap<string, ImageFile>;
  /** By address. */
  readonly published: ReadonlyMap<string, string>;
}

/**
 * Gets what nodes lack of these addons' images, and the files that their projects publish, into the cache of this computer, from the cluster's own source, its mirror or a registry; nothing is changed in the cluster.
 * Idempotent. Rejects with ADDON_IMAGE_MISSING, which names addon and image.
 */
export async function getContent(
  chosen: readonly ChosenAddon[],
  record: ClusterRecord,
  present: ReadonlySet<string>,
  c: RunContext,
): Promise<GotContent> {
  const refs: Record<string, Record<string, string>> = {};
  const archives = new Map<string, ImageFile>();
  const fetched = new Map<string, ImageFile>();
  for (const named of chosen.flatMap(imagesOf)) {
    const image = { ...named, ref: settledRef(named.ref, record) };
    let file = fetched.get(image.ref);
    // What our own makers make has a tag that only they know, so they are always asked.
    if (!file && (isOwn(image) || !present.has(nameInNode(image.ref)))) {
      file = await getImage(image, record, c);
      fetched.set(image.ref, file);
    }
    const name = file && isOwn(image) ? file.ref : nameInNode(image.ref);
    (refs[image.addon] ??= {})[image.key] = name;
    if (file && !present.has(name)) archives.set(name, file);
  }
  return { refs, archives, published: await getPublished(chosen, record, c) };
}

async function getImage(
  { addon, ref }: AddonImage,
  record: ClusterRecord,
  c: RunContext,
): Promise<ImageFile> {
  const own = isOwn({ ref });
  const name = own ? ref.slice(ownPrefix.length) : "image";
  const wish: ImageWish = { name, ref, neededBy: `the addon ${addon}` };
  c.report({ message: `getting ${ref}` });
  const missing = (problem: string, cause?: unknown): LocalkubeError =>
    new LocalkubeError("ADDON_IMAGE_MISSING", { addon, image: ref, problem }, { cause });
  const plan = { record, source: own ? record.artifactsSource : "upstream" } as const;
  const { images } = await fetchWishes(plan, { programs: [], images: [wish] }, missing, c);
  const found = images[name];
  if (found) return found;
  throw missing(`the ${record.artifactsSource} artifacts have none`);
}

async function getPublished(
  chosen: readonly ChosenAddon[],
  record: ClusterRecord,
  c: RunContext,
): Promise<ReadonlyMap<string, string>> {
  const texts = new Map<string, string>();
  for (const { folder, row } of chosen)
    for (const { from, digest } of row.published) {
      const wish = { name: from, digest: parseDigest(digest)!, neededBy: `the addon ${folder.addon.name}` };
      const missing = (problem: string, cause: unknown): LocalkubeError =>
        new LocalkubeError(
          "ADDON_FILE_MISSING",
          { addon: folder.addon.name, file: from, problem },
          { cause },
        );
      const plan = { record, source: "upstream" } as const;
      const { files } = await fetchWishes(plan, { programs: [], images: [], files: [wish] }, missing, c);
      texts.set(from, await readFile(files![from]!.file, "utf8"));
    }
  return texts;
}

/** Errors of downloads become `missing`. */
async function fetchWishes(
  { record, source }: { readonly record: ClusterRecord; readonly source: ArtifactSet["source"] },
  wishes: Wishes,
  missing: (problem: string, cause: unknown) => LocalkubeError,
  c: RunContext,
): Promise<ArtifactSet> {
  const { kubernetesVersion, spec } = record;
  const plan = { source, kubernetesVersion, arch: c.host.arch, mirror: spec.mirror, wishes };
  try {
    return await fetchArtifacts({ ...plan, reason: "", complete: false }, c);
  } catch (error) {
    c.signal.throwIfAborted();
    throw error instanceof LocalkubeError ? missing(messageOf(error), error) : error;
  }
}

/** The names of the images that every node has. Read-only. */
export async function presentInAll(
  { nodes, runtime }: LiveCluster,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const lists = await Promise.all(
    nodes.map((node) =>
      node.withTransport((transport) =>
        withCri(
          transport,
          runtime,
          { signal },
          async (cri) => new Set((await imageIds(cri, { signal })).keys()),
        ),
      ),
    ),
  );
  const [first = new Set<string>(), ...others] = lists;
  return new Set([...first].filter((name) => others.every((list) => list.has(name))));
}

/** Loads the archives into every node under these names. May be repeated. Rejects with IMAGE_NOT_ARRIVED or CRI_IMPORT_UNKNOWN. */
export async function loadIntoNodes(
  { archives }: Pick<GotContent, "archives">,
  { nodes, runtime }: LiveCluster,
  c: RunContext,
): Promise<void> {
  for (const [name, { file }] of archives) {
    const facts = await inspectArchive(file, c.signal);
    const [image] = facts.images;
    if (!image) throw new LocalkubeError("IMAGE_FILE_INVALID", { file, problem: "there is no image in it" });
    const archive = { file, facts, names: new Map([[image.id, [name]]]) };
    for (const node of nodes) {
      c.report({ message: `loading ${name}${nodes.length > 1 ? ` into ${node.name}` : ""}` });
      await node.withTransport((transport) => loadArchive(archive, transport, runtime, c));
    }
  }
}
