import type { ArtifactSet, ImageFile, LocalFile, ProgramFile, Wishes } from "../../contract/artifact.ts";
import type { KubernetesProgram } from "../../contract/components.ts";
import { inOrder } from "../upstream-set.ts";
import { ownPrograms, partOf, recipe } from "./recipe.ts";

/** Images that this builder makes in place of upstream's; anything else that is wished it does not have. */
export const debianImages = ["pause", ...ownPrograms] as const;
export type DebianImage = (typeof debianImages)[number];
export type DebianFileName = KubernetesProgram | `${DebianImage}.tar`;

/** Names of all files of the tree, in the order in which they are worth building. */
export const debianFileNames: readonly DebianFileName[] = [
  ...recipe.binaries,
  ...debianImages.map((name) => `${name}.tar` as const),
];

/** The builder's verified files: all of `debianFileNames`. */
export interface DebianFiles {
  /** Of the recipe. */
  readonly key: string;
  readonly files: ReadonlyMap<DebianFileName, LocalFile>;
}

/**
 * `localkube.local` is no registry: a name that nothing can pull by mistake, with a tag that follows the content, and only that, because the archive of
 * an unchanged program is taken over from another key.
 */
export const imageRefs = (key: string): Readonly<Record<DebianImage, string>> => ({
  pause: `localkube.local/pause:${recipe.pauseVersion}`,
  "cluster-dns": `localkube.local/cluster-dns:${partOf(key, "cluster-dns")}`,
  "addon-programs": `localkube.local/addon-programs:${partOf(key, "addon-programs")}`,
});

/** Whether anything is wished that is compiled from Kubernetes' source. Pure. */
export const wishesOfBuild = ({ programs, images }: Wishes): boolean =>
  programs.length > 0 || images.some(({ name }) => (debianImages as readonly string[]).includes(name));

/**
 * What the builder has of the wishes, and images that were `made` elsewhere, by the names of their wishes. Other programs (etcd, the runtime) are packages
 * of the guest; whether that has them and they are good enough is found out in the guest. Throws when the tree is incomplete. Pure.
 */
export function debianSet(
  built: DebianFiles | undefined,
  { wishes, made = new Map() }: { readonly wishes: Wishes; readonly made?: ReadonlyMap<string, ImageFile> },
): ArtifactSet {
  const programs = new Map<string, ProgramFile>();
  const images = new Map<string, ImageFile>(made);
  if (built !== undefined) {
    const { key, files } = built;
    const absent = debianFileNames.find((name) => !files.has(name));
    if (absent !== undefined) throw new TypeError(`no verified file for ${absent}`);
    const version = recipe.kubernetesVersion.slice(1);
    for (const name of recipe.binaries) programs.set(name, { ...files.get(name)!, version });
    for (const name of debianImages)
      images.set(name, { ...files.get(`${name}.tar`)!, ref: imageRefs(key)[name] });
  }
  return {
    source: "debian",
    kubernetesVersion: recipe.kubernetesVersion,
    programs: inOrder(wishes.programs, programs),
    images: inOrder(wishes.images, images),
  };
}
