import { copyFile, constants, mkdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { LocalkubeError } from "../contract/errors/localkube-error.ts";
import type { RunContext } from "../contract/host.ts";
import type { ImageWish, Wishes } from "../contract/artifact.ts";
import { debianImages } from "./debian-image/images.ts";
import { debianFileNames } from "./debian/artifact-files.ts";
import { debianIdentity, debianVersion } from "./debian-source.ts";
import { hashFile } from "./content-digest.ts";
import { cacheTree, treePath } from "./identity.ts";
import { readSums, writeSums } from "./mirror-sums.ts";
import type { ArtifactPlan } from "./plan-artifacts.ts";
import { openSource } from "./source.ts";
import { stableIdentity } from "./stable-version.ts";
import { fetchUpstream } from "./upstream-set.ts";

export interface MirrorResult {
  readonly folder: string;
  /** Files of this version in the mirror, and their size. */
  readonly files: number;
  readonly bytes: number;
  /** How many of them were not there before. */
  readonly added: number;
}

/**
 * Makes `folder` a mirror that serves everything a plan needs, and what `more` names, in addition to what it already holds: fetches into the cache, copies what
 * differs, updates SHA256SUMS. May be repeated after an interruption. Errors of `fetchArtifacts`, and ARTIFACT_NO_SPACE.
 */
export async function pullMirror(
  plan: ArtifactPlan,
  folder: string,
  c: RunContext,
  more: MoreWishes = { images: [], files: [] },
): Promise<MirrorResult> {
  const { arch, mirror, wishes, kubernetesVersion } = plan;
  const isMade = ({ ref }: ImageWish): boolean => ref.startsWith("localkube.local/");
  const ofRegistries = { files: more.files, images: more.images.filter((image) => !isMade(image)) };
  if (plan.source === "upstream") {
    const all = {
      programs: wishes.programs,
      images: [...wishes.images, ...ofRegistries.images],
      files: more.files,
    };
    const { identities } = await fetchUpstream({ ...plan, wishes: all }, await openSource(mirror), c);
    return copyToMirror(identities, folder, c, kubernetesVersion);
  }
  const images = [...wishes.images, ...more.images.filter(isMade)];
  const made = await buildMirror({ from: "debian", arch, mirror, images }, folder, c);
  if (ofRegistries.images.length + ofRegistries.files.length === 0) return made;
  const others = { arch, kubernetesVersion, wishes: { programs: [], ...ofRegistries } };
  const { identities } = await fetchUpstream(others, await openSource(mirror), c);
  const pulled = await copyToMirror(identities, folder, c);
  return {
    folder,
    files: made.files + pulled.files,
    bytes: made.bytes + pulled.bytes,
    added: made.added + pulled.added,
  };
}

/** What addons want: images of registries and `localkube.local/NAME`, and published files. */
export type MoreWishes = Required<Omit<Wishes, "programs">>;

export interface DebianMirror {
  readonly from: "debian";
  /** Default the host's. */
  readonly arch?: "amd64" | "arm64";
  /** Another mirror, which may have the images. */
  readonly mirror?: string;
  /** Those of Debian's packages among them are mirrored too. */
  readonly images?: readonly ImageWish[];
}

/** Builds the Debian artifacts (nothing to do when they are in the cache) and makes `folder` a mirror of them. */
export async function buildMirror(
  { arch, mirror = "", images = [] }: DebianMirror,
  folder: string,
  c: RunContext,
): Promise<MirrorResult> {
  const wanted = arch ?? c.host.arch;
  const { buildDebianArtifacts } = await import("./debian/build.ts");
  await buildDebianArtifacts({ arch: wanted }, c);
  c.log(`Debian artifacts of Kubernetes ${debianVersion} are in the cache`);
  const base = await debianIdentity(wanted);
  const built = [...debianFileNames, "SHA256SUMS"].map((name) => `${base}/${name}`);
  const { identities } = await debianImages(images, { arch: wanted, mirror }, c);
  return copyToMirror([...built, ...identities], folder, c);
}

/** Copies what differs of some paths of the cache into a mirror, and updates the mirror's table of digests. */
export async function copyToMirror(
  identities: readonly string[],
  folder: string,
  c: RunContext,
  stable?: string,
): Promise<MirrorResult> {
  const sums = await readSums(folder);
  let bytes = 0;
  let added = 0;
  for (const [index, identity] of identities.entries()) {
    c.signal.throwIfAborted();
    c.report({ message: `Copying ${identity}`, done: index, total: identities.length, unit: "items" });
    const copy = await copyOne(identity, folder, c);
    sums.set(identity, copy.sha256);
    bytes += copy.size;
    if (copy.added) added += 1;
  }
  if (stable !== undefined) {
    const file = treePath(folder, stableIdentity);
    await writeFile(file, stable);
    sums.set(stableIdentity, (await hashFile(file)).sha256);
  }
  await writeSums(folder, sums);
  return { folder, files: identities.length, bytes, added };
}

async function copyOne(identity: string, folder: string, c: RunContext) {
  const from = treePath(cacheTree(c.host), identity);
  const to = treePath(folder, identity);
  const wanted = await hashFile(from, { signal: c.signal });
  const present = await stat(to).catch(() => undefined);
  if (present?.size === wanted.size && (await hashFile(to, { signal: c.signal })).sha256 === wanted.sha256)
    return { ...wanted, added: false };
  const part = `${to}.${process.pid}.part`;
  try {
    await mkdir(dirname(to), { recursive: true });
    await copyFile(from, part, constants.COPYFILE_FICLONE); // no hard link: damage in one must not be damage in both
    await rename(part, to);
  } catch (error) {
    await rm(part, { force: true });
    if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
    throw new LocalkubeError("ARTIFACT_NO_SPACE", { folder }, { cause: error });
  }
  return { ...wanted, added: true };
}
