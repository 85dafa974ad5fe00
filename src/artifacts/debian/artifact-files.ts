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

/**
 * What the builder has of the wishes. Other programs (etcd, the runtime) are packages of the guest; whether that has them and they are good enough
 * is found out in the guest. Throws when the tree is incomplete. Pure.
 */
export function debianSet({ key, files }: DebianFiles, wishes: Wishes): ArtifactSet {
  const absent = debianFileNames.find((name) => !files.has(name));
  if (absent !== undefined) throw new TypeError(`no verified file for ${absent}`);
  const version = recipe.kubernetesVersion.slice(1);
  const programs = new Map<string, ProgramFile>();
  for (const name of recipe.binaries) programs.set(name, { ...files.get(name)!, version });
  const images = new Map<string, ImageFile>();
  for (const name of debianImages)
    images.set(name, { ...files.get(`${name}.tar`)!, ref: imageRefs(key)[name] });
  return {
    source: "debian",
    kubernetesVersion: recipe.kubernetesVersion,
    programs: inOrder(wishes.programs, programs),
    images: inOrder(wishes.images, images),
  };
}
