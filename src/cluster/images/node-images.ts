import { imageRef, parseImageRef } from "../../contract/image-reference.ts";
import { type Digest, formatDigest, parseDigest, sameDigest } from "../../contract/digest.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import { didYouMean } from "../../host/nearest-word.ts";
import { shellQuote } from "../../host/run-command.ts";
import type { Cri } from "../../runtimes/cri/client.ts";
import {
  type NodeImage,
  nodeImages,
  podsUsing,
  removeNodeImage,
  withCri,
} from "../../runtimes/cri/images.ts";
import { foundServer } from "../../runtimes/foreign/index.ts";
import { runtimes } from "../../runtimes/registry.ts";
import type { RecordedImage } from "../../state/cluster-record.ts";
import { type NodeChoice, nodeOf, openCluster, runtimeOf, withTransport } from "../access/open-cluster.ts";
import type { UseCaseContext } from "../access/use-case.ts";

export interface ListedImage {
  readonly ref: string;
  /** Of the image's configuration: equal ids mean the same image under two names. */
  readonly id: Digest;
  readonly bytes: number;
  /** What its registry calls it by; absent for an image that no registry is known for, as one from an archive of the user's. */
  readonly registryDigest?: Digest;
}

/** Images of a node by name. Rejects with CLUSTER_UNKNOWN, NODE_UNKNOWN or CLUSTER_NOT_RUNNING. */
export async function listImages(
  { name, node }: NodeChoice,
  context: UseCaseContext,
): Promise<readonly ListedImage[]> {
  const cluster = await openCluster(name, context);
  const runtime = runtimeOf(cluster.record);
  const { signal } = context;
  const images = await withTransport(nodeOf(cluster, node), context, (transport) =>
    withCri(transport, runtime, { signal }, (cri) => nodeImages(cri, { signal })),
  );
  return listedImages(images, cluster.record.images ?? []);
}

/**
 * Images by name, sorted, with the digest of the registry as far as it is known: from the cluster's record, as long as the name still stands
 * for the image the cluster brought, or from a name by digest, which the runtime adds to what it pulls. An image that has only such names is
 * listed under them. Pure.
 */
export function listedImages(
  images: readonly NodeImage[],
  recorded: readonly RecordedImage[],
): readonly ListedImage[] {
  const registryDigest = (ref: string, { id, byDigest }: NodeImage): Digest | undefined => {
    const brought = recorded.find(
      (one) => one.ref === ref && one.registry?.id === formatDigest(id),
    )?.registry;
    if (brought) return parseDigest(brought.digest);
    const own = parseImageRef(ref);
    return byDigest
      .map(parseImageRef)
      .find((parts) => parts?.registry === own?.registry && parts?.repository === own?.repository)?.digest;
  };
  return images
    .flatMap((image) =>
      (image.names.length > 0 ? image.names : image.byDigest).map((ref) => {
        const found = registryDigest(ref, image);
        return { ref, id: image.id, bytes: image.bytes, ...(found ? { registryDigest: found } : {}) };
      }),
    )
    .sort((a, b) => (a.ref < b.ref ? -1 : 1));
}

/**
 * Removes images from a node by name; returns their full names. A digest stands for the names that its repository gives to that image.
 * Pods that use one keep running, or the runtime refuses to remove it (IMAGE_IN_USE). Then, or when one of the references does not exist
 * (IMAGE_UNKNOWN) or an image has a name that is not among them (IMAGE_HAS_OTHER_NAMES: most runtimes can only remove an image with all its
 * names), nothing is removed.
 */
export async function removeImages(
  { name, node }: NodeChoice,
  refs: readonly string[],
  context: UseCaseContext,
): Promise<readonly string[]> {
  const { signal } = context;
  const cluster = await openCluster(name, context);
  const runtime = runtimeOf(cluster.record);
  return withTransport(nodeOf(cluster, node), context, (transport) =>
    withCri(transport, runtime, { signal }, async (cri) => {
      const images = await nodeImages(cri, { signal });
      const listed = listedImages(images, cluster.record.images ?? []);
      const wanted = [...new Set(refs.flatMap((ref) => namesOf(ref, listed)))];
      const doomed = doomedImages(wanted, images);
      const keepsUsed =
        runtime.keepsUsedImages || foundServer(cri.runtime.name, runtimes)?.keepsUsedImages === true;
      if (keepsUsed) await refuseUsed(cri, doomed, runtime.name, signal);
      for (const image of doomed) await removeNodeImage(cri, image, { signal });
      return wanted;
    }),
  );
}

async function refuseUsed(
  cri: Cri,
  images: readonly NodeImage[],
  runtime: string,
  signal: AbortSignal,
): Promise<void> {
  for (const image of images) {
    const pods = await podsUsing(cri, image, { signal });
    const [ref = image.idInRuntime] = image.names;
    if (pods.length > 0) throw new LocalkubeError("IMAGE_IN_USE", { ref, pods: pods.join(", "), runtime });
  }
}

/** The images that go with those names. Throws IMAGE_HAS_OTHER_NAMES. Pure. */
export function doomedImages(wanted: readonly string[], images: readonly NodeImage[]): readonly NodeImage[] {
  const doomed = images.filter(({ names, byDigest }) =>
    [...names, ...byDigest].some((name) => wanted.includes(name)),
  );
  for (const { names } of doomed) {
    const others = names.filter((name) => !wanted.includes(name));
    const ref = names.find((name) => wanted.includes(name));
    if (ref !== undefined && others.length > 0)
      throw new LocalkubeError("IMAGE_HAS_OTHER_NAMES", {
        ref,
        others: others.join(", "),
        all: shellQuote(names),
      });
  }
  return doomed;
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

/** Whether a reference by digest means this image: by its digest in the registry, or by its id in the node. */
function isMeant(ref: string, image: ListedImage): boolean {
  const wanted = parseImageRef(ref);
  const own = parseImageRef(image.ref);
  if (!wanted?.digest || wanted.registry !== own?.registry || wanted.repository !== own.repository)
    return false;
  if (wanted.tag !== undefined && wanted.tag !== own.tag) return false;
  const { digest } = wanted;
  return [image.id, image.registryDigest].some((other) => other && sameDigest(other, digest));
}
