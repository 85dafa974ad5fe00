import { readFile } from "node:fs/promises";
import { type ArtifactPlan, fetchArtifacts } from "../../artifacts/artifact-set.ts";
import { inspectArchive } from "../../artifacts/image/inspect-archive.ts";
import { ownImageRef } from "../../artifacts/own-image-ref.ts";
import type { ImageFile, ImageWish, Wishes } from "../../contract/artifact.ts";
import { parseDigest } from "../../contract/digest.ts";
import { LocalkubeError, messageOf } from "../../contract/errors/localkube-error.ts";
import type { RunContext } from "../../contract/host.ts";
import { imageRef } from "../../contract/image-reference.ts";
import { imageIds, withCri } from "../../runtimes/cri/images.ts";
import type { ClusterRecord } from "../../state/cluster-record.ts";
import { loadArchive } from "../images/load.ts";
import type { ChosenAddon, GotOfAddon } from "./choose.ts";
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

const imagesOf = ({ folder: { addon }, row }: Pick<ChosenAddon, "folder" | "row">): readonly AddonImage[] =>
  Object.entries(row.images).map(([key, ref]) => ({ addon: addon.name, key, ref }));

/** An archive under its tag alone: what is loaded has no digest of a registry, so no pod could find it by one. Pure. */
export const nameInNode = (ref: string): string => imageRef(ref.replace(/@sha256:[0-9a-f]+$/, ""));

/** What addons want from outside, ready to be loaded and applied. */
export interface GotImages {
  /** By addon. */
  readonly byAddon: ReadonlyMap<string, GotOfAddon>;
  /** Those that some node may lack, by name in the node. */
  readonly archives: ReadonlyMap<string, ImageFile>;
}

/**
 * Gets what addons want into the cache of this computer, from the cluster's own source, its mirror or a registry; nothing is changed in the cluster.
 * Idempotent. Rejects with ADDON_IMAGE_MISSING, which names addon and image.
 */
export async function getImages(
  chosen: readonly ChosenAddon[],
  record: ClusterRecord,
  present: ReadonlySet<string>,
  c: RunContext,
): Promise<GotImages> {
  const refs: Record<string, Record<string, string>> = {};
  const archives = new Map<string, ImageFile>();
  const fetched = new Map<string, ImageFile>();
  for (const image of chosen.flatMap(imagesOf)) {
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
  const byAddon = new Map<string, GotOfAddon>();
  for (const one of chosen) {
    const { name } = one.folder.addon;
    byAddon.set(name, { images: refs[name] ?? {}, published: await getPublished(one, record, c) });
  }
  return { byAddon, archives };
}

/** The project's own files, by their digests, in the cache. Idempotent. */
export async function getPublished(
  { folder: { addon }, row }: ChosenAddon,
  record: ClusterRecord,
  c: RunContext,
): Promise<GotOfAddon["published"]> {
  if (row.published.length === 0) return [];
  const neededBy = `the addon ${addon.name}`;
  const wished = row.published.map(({ from, digest }) => {
    const parsed = parseDigest(digest);
    if (!parsed) throw new TypeError(`${digest} is no digest`); // the schema let it through
    return { name: from, digest: parsed, neededBy };
  });
  const { files = {} } = await fetchArtifacts(
    planOf("upstream", record, { images: [], files: wished }, c),
    c,
  );
  return Promise.all(
    wished.map(async ({ name }) => ({ from: name, text: await readFile(files[name]!.file, "utf8") })),
  );
}

const planOf = (
  source: ArtifactPlan["source"],
  { kubernetesVersion, spec }: ClusterRecord,
  wishes: Omit<Wishes, "programs">,
  { host }: RunContext,
): ArtifactPlan => ({
  ...{ source, kubernetesVersion, arch: host.arch, mirror: spec.mirror, reason: "", complete: false },
  wishes: { programs: [], ...wishes },
});

async function getImage(
  { addon, ref }: AddonImage,
  record: ClusterRecord,
  c: RunContext,
): Promise<ImageFile> {
  const own = isOwn({ ref });
  const name = own ? ref.slice(ownPrefix.length) : "image";
  const wish: ImageWish = { name, ref, neededBy: `the addon ${addon}` };
  c.report({ message: `getting ${ref}` });
  let problem = `the ${record.artifactsSource} artifacts have none`;
  try {
    const source = own ? record.artifactsSource : "upstream";
    const { images } = await fetchArtifacts(planOf(source, record, { images: [wish] }, c), c);
    const found = images[name];
    if (found) return found;
  } catch (error) {
    c.signal.throwIfAborted();
    if (!(error instanceof LocalkubeError)) throw error;
    problem = messageOf(error);
    throw new LocalkubeError("ADDON_IMAGE_MISSING", { addon, image: ref, problem }, { cause: error });
  }
  throw new LocalkubeError("ADDON_IMAGE_MISSING", { addon, image: ref, problem });
}

/** What an addon's images are called in the nodes, by key; known without getting them. Read-only. */
export async function namesInNodes(chosen: ChosenAddon): Promise<Readonly<Record<string, string>>> {
  const names: Record<string, string> = {};
  for (const { key, ref } of imagesOf(chosen))
    names[key] = (isOwn({ ref }) ? await ownImageRef(ref) : undefined) ?? nameInNode(ref);
  return names;
}

/** The names of the images that every node has; none are asked for when no addon wants an image. Read-only. */
export async function presentFor(
  chosen: readonly ChosenAddon[],
  { nodes, runtime }: LiveCluster,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  if (chosen.flatMap(imagesOf).length === 0) return new Set();
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
  { archives }: Pick<GotImages, "archives">,
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
