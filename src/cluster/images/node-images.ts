import { imageRef, parseImageRef } from "../../artifacts/image/reference.ts";
import { type Digest, formatDigest, parseDigest, sameDigest } from "../../contract/digest.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { RuntimeDefinition } from "../../contract/runtime.ts";
import type { Transport } from "../../contract/transport.ts";
import { didYouMean } from "../../host/nearest-word.ts";
import { runtimeByName } from "../../runtimes/registry.ts";
import type { RecordedImage } from "../../state/cluster-record.ts";
import { type NodeChoice, nodeOf, openCluster, withTransport } from "../access/open-cluster.ts";
import type { UseCaseContext } from "../access/use-case.ts";

export interface NodeImage {
  readonly ref: string;
  /** Of the manifest: equal digests mean the same image under two names. */
  readonly digest: Digest;
  /** As the runtime prints it, `15.3 MiB`. */
  readonly size: string;
  /** Known to the part of the runtime that serves pods, which labels the images it has taken over. */
  readonly forPods: boolean;
}

export interface ListedImage extends Pick<NodeImage, "ref" | "digest" | "size"> {
  /** What its registry calls it by; absent for an image that no registry is known for, as one from an archive of the user's. */
  readonly registryDigest?: Digest;
}

/** Images of a node by name. Rejects with CLUSTER_UNKNOWN, NODE_UNKNOWN or CLUSTER_NOT_RUNNING. */
export async function listImages(
  { name, node }: NodeChoice,
  context: UseCaseContext,
): Promise<readonly ListedImage[]> {
  const cluster = await openCluster(name, context);
  const runtime = runtimeByName(cluster.record.runtime);
  const images = await withTransport(nodeOf(cluster, node), context, (transport) =>
    nodeImages(transport, runtime, context.signal),
  );
  return listedImages(images, cluster.record.images ?? []);
}

/**
 * Images by name, sorted, with the digest of the registry as far as it is known: from the cluster's record, as long as the name still stands
 * for the image the cluster brought, or from a name by digest beside it, which the runtime adds to what it pulls. Pure.
 */
export function listedImages(
  images: readonly NodeImage[],
  recorded: readonly RecordedImage[],
): readonly ListedImage[] {
  const named = images.filter(isNamed);
  const registryDigest = ({ ref, digest }: NodeImage): Digest | undefined => {
    const brought = recorded.find(
      (one) => one.ref === ref && one.registry?.manifest === formatDigest(digest),
    )?.registry;
    if (brought) return parseDigest(brought.digest);
    const own = parseImageRef(ref);
    const pulled = named.map((image) => ({ parts: parseImageRef(image.ref), digest: image.digest }));
    return pulled.find(
      ({ parts, digest: other }) =>
        parts?.digest &&
        parts.registry === own?.registry &&
        parts.repository === own.repository &&
        sameDigest(other, digest),
    )?.parts?.digest;
  };
  return named
    .map((image) => {
      const found = registryDigest(image);
      const { ref, digest, size } = image;
      return { ref, digest, size, ...(found ? { registryDigest: found } : {}) };
    })
    .sort((a, b) => (a.ref < b.ref ? -1 : 1));
}

/**
 * Removes images from a node by name; returns their full names. A digest stands for the names that its repository gives to that image.
 * Pods that use one keep running. When one of the references does not exist, nothing is removed and the call rejects with IMAGE_UNKNOWN.
 */
export async function removeImages(
  { name, node }: NodeChoice,
  refs: readonly string[],
  context: UseCaseContext,
): Promise<readonly string[]> {
  const { signal } = context;
  const cluster = await openCluster(name, context);
  const runtime = runtimeByName(cluster.record.runtime);
  return withTransport(nodeOf(cluster, node), context, async (transport) => {
    const images = await nodeImages(transport, runtime, signal);
    const listed = listedImages(images, cluster.record.images ?? []);
    const wanted = [...new Set(refs.flatMap((ref) => namesOf(ref, listed)))];
    for (const ref of entriesOf(wanted, images))
      await transport.exec(runtime.removeImage(ref), { signal, timeoutMs: 60_000 });
    return wanted;
  });
}

/** The names in the node that a reference of the user's stands for, never empty. Throws IMAGE_UNKNOWN. Pure. */
export function namesOf(ref: string, images: readonly ListedImage[]): readonly string[] {
  const names = images.map((image) => image.ref);
  const found = [ref, imageRef(ref)].find((candidate) => names.includes(candidate));
  if (found !== undefined) return [found];
  const same = images.filter((image) => isMeant(ref, image)).map((image) => image.ref);
  if (same.length > 0) return same;
  // Long common prefixes would make all names look alike.
  const short = names.map((name) => name.replace(/^docker\.io\/(?:library\/)?/, "").replace(/:latest$/, ""));
  throw new LocalkubeError("IMAGE_UNKNOWN", { ref, hint: didYouMean(ref, [...short, ...names]) });
}

/** Whether a reference by digest means this image: by its digest in the registry, or by that of the manifest in the node. */
function isMeant(ref: string, image: ListedImage): boolean {
  const wanted = parseImageRef(ref);
  const own = parseImageRef(image.ref);
  if (!wanted?.digest || wanted.registry !== own?.registry || wanted.repository !== own.repository)
    return false;
  if (wanted.tag !== undefined && wanted.tag !== own.tag) return false;
  const { digest } = wanted;
  return [image.digest, image.registryDigest].some((other) => other && sameDigest(other, digest));
}

/** The images in the node's runtime, including the nameless entries that the runtime keeps for them (`sha256:…`). */
export async function nodeImages(
  transport: Transport,
  runtime: RuntimeDefinition,
  signal: AbortSignal,
): Promise<readonly NodeImage[]> {
  const { stdout } = await transport.exec(runtime.listImages, { signal, timeoutMs: 60_000 });
  return parseImages(stdout);
}

/** Label that containerd's CRI service puts on every image that pods can use. */
const podsLabel = "io.cri-containerd.image=managed";

/** Reads the table of `ctr images list`: REF TYPE DIGEST SIZE PLATFORMS LABELS, where SIZE is two words or `-`. */
export function parseImages(table: string): readonly NodeImage[] {
  return table.split("\n").flatMap((line) => {
    const [, ref, text = "", size, more = ""] =
      /^(\S+)\s+\S+\s+(\S+)\s+(-|[\d.]+ \S+)(\s.*)?$/.exec(line) ?? [];
    const digest = parseDigest(text);
    return ref && digest && size ? [{ ref, digest, size, forPods: more.includes(podsLabel) }] : [];
  });
}

/** Entries the runtime created for itself; users refer to images by name. */
export const isNamed = ({ ref }: NodeImage): boolean => !ref.startsWith("sha256:");

/** The names, plus the runtime's own entries for images that lose their last name: those would keep the content on the disk. */
export function entriesOf(names: readonly string[], images: readonly NodeImage[]): readonly string[] {
  const gone = new Set(names);
  const key = ({ digest }: NodeImage) => formatDigest(digest);
  const kept = new Set(images.filter((image) => isNamed(image) && !gone.has(image.ref)).map(key));
  const doomed = new Set(images.filter(({ ref }) => gone.has(ref)).map(key));
  const nameless = images.filter(
    (image) => !isNamed(image) && doomed.has(key(image)) && !kept.has(key(image)),
  );
  return [...gone, ...nameless.map(({ ref }) => ref)];
}
