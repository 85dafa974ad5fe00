import { type Digest, formatDigest, parseDigest } from "../../contract/digest.ts";
import { imageRef } from "../../contract/image-reference.ts";
import type { Runtime } from "../../contract/runtime.ts";
import type { Transport } from "../../contract/transport.ts";
import { type CallOptions, connectCri, type ConnectCriOptions, type Cri } from "./client.ts";

/** An image of a node as pods see it. */
export interface NodeImage {
  /** Of its configuration: equal ids mean the same image under several names. */
  readonly id: Digest;
  /** The same as the runtime writes it: CRI-O leaves the algorithm out. */
  readonly idInRuntime: string;
  /** Full names with a tag. */
  readonly names: readonly string[];
  /** Full names by digest, under which registries have it; empty for one that came from an archive. */
  readonly byDigest: readonly string[];
  readonly bytes: number;
}

/** Runs `use` with the CRI server of a node's runtime. Rejects as `connectCri` and `use` do. */
export async function withCri<T>(
  transport: Pick<Transport, "connectSocket">,
  { endpoint, imageEndpoint }: Pick<Runtime, "endpoint" | "imageEndpoint">,
  options: ConnectCriOptions,
  use: (cri: Cri) => Promise<T>,
): Promise<T> {
  const cri = await connectCri(transport, endpoint, { ...options, imageEndpoint });
  try {
    return await use(cri);
  } finally {
    await cri.close();
  }
}

/** All images that pods can use. */
export async function nodeImages(cri: Cri, options: CallOptions = {}): Promise<readonly NodeImage[]> {
  const { images } = await cri.call("ImageService/ListImages", {}, options);
  return images.flatMap(({ id, repoTags, repoDigests, size }) => {
    const digest = parseDigest(id.includes(":") ? id : `sha256:${id}`);
    if (!digest) return [];
    // Docker leaves out `docker.io/library/`.
    return [
      {
        id: digest,
        idInRuntime: id,
        names: repoTags.map(imageRef),
        byDigest: repoDigests.map(imageRef),
        bytes: size,
      },
    ];
  });
}

/** `namespace/name` of the pods that have a container of the image, running or not; `a container` for one that is no pod's. */
export async function podsUsing(
  cri: Cri,
  image: NodeImage,
  options: CallOptions = {},
): Promise<readonly string[]> {
  const { containers } = await cri.call("RuntimeService/ListContainers", {}, options);
  // CRI leaves open how the image is written there.
  const written = [image.idInRuntime, formatDigest(image.id), ...image.byDigest, ...image.names];
  const users = containers.filter(({ imageRef: used }) => written.includes(used));
  const names = users.map(({ labels }) => {
    const pod = labels["io.kubernetes.pod.name"];
    return pod === undefined ? "a container" : `${labels["io.kubernetes.pod.namespace"] ?? ""}/${pod}`;
  });
  return [...new Set(names)].sort();
}

/** Removes an image under all its names; one that is not there is removed. */
export async function removeNodeImage(cri: Cri, image: NodeImage, options: CallOptions = {}): Promise<void> {
  // CRI leaves open what is named and what goes: dockershim knows images by id alone, and passes over a name without an error; some remove all
  // names with the first, others that one.
  for (const name of [image.idInRuntime, ...image.names, ...image.byDigest])
    await cri.call("ImageService/RemoveImage", { image: { image: name } }, options);
}

/** The ids of all images by name, also by a name with a digest; `sha256:…`. */
export async function imageIds(cri: Cri, options: CallOptions = {}): Promise<ReadonlyMap<string, string>> {
  const images = await nodeImages(cri, options);
  return new Map(
    images.flatMap(({ id, names, byDigest }) =>
      [...names, ...byDigest].map((name) => [name, formatDigest(id)] as const),
    ),
  );
}
