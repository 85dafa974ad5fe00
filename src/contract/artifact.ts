import type { Digest } from "./digest.ts";
import type { RunContext } from "./host.ts";

/** Names by which the provisioner requests artifacts. */
export type BinaryName =
  "kube-apiserver" | "kube-controller-manager" | "kube-scheduler" | "kubelet" | "kube-proxy" | "kubectl";

/** Archives that are unpacked in the guest when its own version is missing or too old (upstream artifacts only). */
export type ArchiveName = "etcd" | "containerd" | "runc" | "cni-plugins" | "crictl";

/** Container images, as archives that `ctr images import` accepts (docker-archive or OCI layout in a tar). */
export type ImageName = "pause" | "cluster-dns";

/** A verified file in the cache. */
export interface LocalFile {
  readonly file: string;
  /** Hex, verified against the file's content in this process or trusted because (size, mtime, inode) are unchanged since an earlier check. */
  readonly sha256: string;
  readonly size: number;
}

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

/** Everything one cluster needs from outside, in the cache and verified. */
export interface ArtifactSet {
  readonly source: "upstream" | "debian";
  /** `v1.20.2` */
  readonly kubernetesVersion: string;
  readonly binaries: Readonly<Record<BinaryName, LocalFile>>;
  /** Empty with Debian artifacts: the guest image contains these packages. */
  readonly archives: Readonly<Partial<Record<ArchiveName, LocalFile & { readonly version: string }>>>;
  readonly images: Readonly<Record<ImageName, ImageFile>>;
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
