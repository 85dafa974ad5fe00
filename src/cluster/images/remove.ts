import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import { didYouMean } from "../../host/nearest-word.ts";
import { runtimeByName } from "../../runtimes/registry.ts";
import { isNamed, nodeImages, type NodeImage } from "./node-images.ts";
import { imageRef } from "../../artifacts/image/reference.ts";
import { type NodeChoice, nodeOf, openCluster, withTransport } from "../access/open-cluster.ts";
import type { UseCaseContext } from "../access/use-case.ts";

/**
 * Removes images from a node by name; returns their full names. Pods that use one keep running. When one of the names does not
 * exist, nothing is removed and the call rejects with IMAGE_UNKNOWN.
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
    const wanted = refs.map((ref) => find(ref, images));
    for (const ref of entriesOf(wanted, images))
      await transport.exec(runtime.removeImage(ref), { signal, timeoutMs: 60_000 });
    return wanted;
  });
}

function find(ref: string, images: readonly NodeImage[]): string {
  const names = images.filter(isNamed).map((image) => image.ref);
  const found = [ref, imageRef(ref)].find((candidate) => names.includes(candidate));
  if (found !== undefined) return found;
  // Long common prefixes would make all names look alike.
  const short = names.map((name) => name.replace(/^docker\.io\/(?:library\/)?/, "").replace(/:latest$/, ""));
  throw new LocalkubeError("IMAGE_UNKNOWN", { ref, hint: didYouMean(ref, [...short, ...names]) });
}

/** The names, plus the runtime's own entries for images that lose their last name: those would keep the content on the disk. */
export function entriesOf(names: readonly string[], images: readonly NodeImage[]): readonly string[] {
  const gone = new Set(names);
  const kept = new Set(
    images.filter((image) => isNamed(image) && !gone.has(image.ref)).map(({ digest }) => digest),
  );
  const doomed = new Set(images.filter(({ ref }) => gone.has(ref)).map(({ digest }) => digest));
  const nameless = images.filter(
    (image) => !isNamed(image) && doomed.has(image.digest) && !kept.has(image.digest),
  );
  return [...gone, ...nameless.map(({ ref }) => ref)];
}
