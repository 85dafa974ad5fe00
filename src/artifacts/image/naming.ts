import { formatDigest } from "../../contract/digest.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { ArchiveFacts, ArchiveImage } from "./inspect-archive.ts";
import { hasVersion, imageRef, isFullRef, parseImageRef } from "../../contract/image-reference.ts";

/** Full references by image id, never empty: the names that the images of one archive get in the runtime. */
export type ImageNames = ReadonlyMap<string, readonly string[]>;

/**
 * Decides under which names an archive's images are loaded: those it contains, in full, or `name` instead. A `name` without a
 * version takes the image's tag when the archive says nothing else, and `latest` otherwise. Rejects with IMAGE_NAME_MISSING for an image
 * that no pod could name, IMAGE_NAME_INVALID for an unusable `name`, IMAGE_NAME_DIGEST_WRONG for one by a digest that is not the image's,
 * IMAGE_NAME_AMBIGUOUS when it would name two images.
 */
export function settleNames(file: string, { images }: ArchiveFacts, name?: string): ImageNames {
  const namesOf = (image: ArchiveImage) =>
    name === undefined ? ownNames(file, image) : givenNames(file, image, name);
  const names = new Map(images.map((image) => [image.id, namesOf(image)]));
  const all = [...names.values()].flat();
  if (name !== undefined && new Set(all).size < all.length)
    throw new LocalkubeError("IMAGE_NAME_AMBIGUOUS", {
      name,
      where: `the ${images.length} images in ${file}`,
    });
  return names;
}

function ownNames(file: string, { names, tags }: ArchiveImage): readonly string[] {
  const missing = (problem: string) => new LocalkubeError("IMAGE_NAME_MISSING", { file, problem });
  if (names.length === 0)
    throw missing(tags.length > 0 ? `only the tag ${tags.join(", ")}` : "no name at all");
  const full = names.map(imageRef);
  const wrong = names.find((_, index) => !isFullRef(full[index] ?? ""));
  if (wrong !== undefined) throw missing(`the name '${wrong}', which no runtime can read`);
  return [...new Set(full)];
}

function givenNames(file: string, { id, tags }: ArchiveImage, name: string): readonly string[] {
  const wished = hasVersion(name) || tags.length === 0 ? [name] : tags.map((tag) => `${name}:${tag}`);
  const full = wished.map(imageRef);
  const wrong = full.find((ref) => !isFullRef(ref));
  if (wrong !== undefined) throw new LocalkubeError("IMAGE_NAME_INVALID", { name });
  // Who asks for an image by its digest relies on getting that content and no other; a docker-archive does not tell which it will be.
  const digest = parseImageRef(name)?.digest;
  if (digest && formatDigest(digest) !== id) {
    const plain = name.replace(/@.*$/, "");
    const fix = hasVersion(plain) ? plain : `${plain}:TAG`;
    throw new LocalkubeError("IMAGE_NAME_DIGEST_WRONG", { name, file, fix });
  }
  return [...new Set(full)];
}
