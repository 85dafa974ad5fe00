import type { Digest } from "./digest.ts";
import type { RunContext } from "./host.ts";

/** How a release archive is unpacked in a guest. */
export interface Unpack {
  /** The guest's folder of programs, or the one of CNI plugins. */
  readonly into: "programs" | "plugins";
  /** Leading folders of the members' names to leave out. */
  readonly strip: number;
  /** Only these leave the archive: programs, by file name, with a folder in front where something else has the same name: `bin/etcd`. */
  readonly members: readonly string[];
}

/** Known digests by version (without a `v`) and architecture. */
export type ProgramDigests = Readonly<Record<string, Readonly<Record<"amd64" | "arm64", Digest>>>>;

/** Where a program's publisher offers its releases. In the texts, `{version}` (without a `v`), `{arch}` (Go's name) and `{machine}` (the kernel's name) stand for what they say. */
export interface ProgramRelease {
  /** By which it is found in an ArtifactSet, and by which the catalogue lists the digests where `digests` does not. */
  readonly name: string;
  /** Host and path, `github.com/etcd-io/etcd/releases/download/v{version}`. */
  readonly folder: string;
  /** In that folder, `etcd-v{version}-linux-{arch}.tar.gz`. */
  readonly file: string;
  /** The publisher's table of digests in the same folder, for versions of which the catalogue has none; absent where none is published. */
  readonly sums?: string;
  readonly digests?: ProgramDigests;
  /** Absent for a program that is released as such and not in an archive. */
  readonly unpack?: Unpack;
}

/** A program that a cluster wants from outside. Plain data. */
export interface ProgramWish extends ProgramRelease {
  /** `1.36.5` */
  readonly version: string;
  /** For messages: who wants it, "every node". */
  readonly neededBy: string;
}

/** An image that a cluster wants from outside. Plain data. */
export interface ImageWish {
  /** By which it is found in an ArtifactSet, and the name of its archive in the guest. */
  readonly name: string;
  /** Full reference, by tag, by digest, or both: then the digest says what it is, and nodes know it by the tag. */
  readonly ref: string;
  readonly neededBy: string;
}

/** A file that is used as it is published, for instance definitions of kinds that an addon needs. Plain data. */
export interface FileWish {
  /** Host and path of an address whose content never changes, `raw.githubusercontent.com/…/v1.6.1/…`; by which it is found in an ArtifactSet. */
  readonly name: string;
  readonly digest: Digest;
  readonly neededBy: string;
}

/** Everything a cluster wants from outside; each name once in its list. */
export interface Wishes {
  /** The first one stands for the Kubernetes release when a source is asked whether it has it. */
  readonly programs: readonly ProgramWish[];
  readonly images: readonly ImageWish[];
  readonly files?: readonly FileWish[];
}

/** A verified file in the cache. */
export interface LocalFile {
  readonly file: string;
  /** Hex, verified against the file's content in this process or trusted because (size, mtime, inode) are unchanged since an earlier check. */
  readonly sha256: string;
  readonly size: number;
}

export interface ProgramFile extends LocalFile {
  readonly version: string;
  readonly unpack?: Unpack;
}

/** Container image as an archive that a runtime imports (docker-archive or OCI layout in a tar). */
export interface ImageFile extends LocalFile {
  /** Reference stored in the archive, `registry.k8s.io/pause:3.9`. */
  readonly ref: string;
  /** Absent for an image that was not taken from a registry. */
  readonly registry?: {
    /** What the reference had in its registry: of the list of platforms, or of the manifest when there is no list. */
    readonly digest: Digest;
    /** Of the manifest in the archive, which is also its digest in the runtime. */
    readonly manifest: Digest;
  };
}

/** What of a cluster's wishes its source has, in the cache and verified; by name, in the order of the wishes. */
export interface ArtifactSet {
  readonly source: "upstream" | "debian";
  /** `v1.20.2` */
  readonly kubernetesVersion: string;
  /** With Debian artifacts without those that the guest's own packages contain. */
  readonly programs: Readonly<Record<string, ProgramFile>>;
  readonly images: Readonly<Record<string, ImageFile>>;
  /** Absent where none was wished. */
  readonly files?: Readonly<Record<string, LocalFile>>;
}

/** A program that must be there. Throws an Error that names it when it was not wished, or the source has none. */
export const wishedProgram = (set: Pick<ArtifactSet, "programs" | "source">, name: string): ProgramFile =>
  wished("program", name, set.programs, set.source);

/** The same for an image. */
export const wishedImage = (set: Pick<ArtifactSet, "images" | "source">, name: string): ImageFile =>
  wished("image", name, set.images, set.source);

function wished<T>(kind: string, name: string, all: Readonly<Record<string, T>>, source: string): T {
  const found = all[name];
  if (found !== undefined) return found;
  const names = Object.keys(all).join(", ") || "nothing";
  throw new Error(
    `the ${kind} '${name}' was not wished, or the ${source} artifacts have none (there is ${names})`,
  );
}

/** A disk image at another location: src/artifacts downloads it, src/machine creates a machine's disk from it. */
export interface RemoteDisk {
  /** Name for people: its address, without any secrets in it. */
  readonly title: string;
  /** When it is known without the network. */
  readonly digest?: Digest;
  /** The digest currently published. Rejects with IMAGE_DIGEST_MISSING or IMAGE_DOWNLOAD_FAILED. */
  currentDigest(c: RunContext): Promise<Digest>;
  /**
   * Downloads the image unless it is in the cache, verifies it, and passes the file to `use`; after that succeeds, the file may be removed.
   * One caller per digest at a time. Rejects with IMAGE_DIGEST_WRONG, IMAGE_DOWNLOAD_FAILED, ARTIFACT_NO_SPACE, ARTIFACT_SOURCE_UNTRUSTED.
   */
  withFile(digest: Digest, c: RunContext, use: (file: string) => Promise<void>): Promise<void>;
}
