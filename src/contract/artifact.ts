import type { RunContext } from "./host.ts";

/** Names by which the provisioner asks for artifacts. */
export type BinaryName =
  "kube-apiserver" | "kube-controller-manager" | "kube-scheduler" | "kubelet" | "kube-proxy" | "kubectl";

/** Archives that are unpacked in the guest when it has no good enough version of its own (upstream artifacts only). */
export type ArchiveName = "etcd" | "containerd" | "runc" | "cni-plugins" | "crictl";

/** Container images, as archives that `ctr images import` takes (docker-archive or OCI layout in a tar). */
export type ImageName = "pause" | "cluster-dns";

/** A verified file of the cache. */
export interface LocalFile {
  readonly file: string;
  /** Hex, checked against the file's content in this process or known from an unchanged (size, mtime, inode) check before. */
  readonly sha256: string;
  readonly size: number;
}

export interface ImageFile extends LocalFile {
  /** Reference the archive carries, `registry.k8s.io/pause:3.9`. */
  readonly ref: string;
}

/** Everything one cluster needs from outside, present in the cache and verified. */
export interface ArtifactSet {
  readonly source: "upstream" | "debian";
  /** `v1.20.2` */
  readonly kubernetesVersion: string;
  readonly binaries: Readonly<Record<BinaryName, LocalFile>>;
  /** Empty with Debian artifacts: the guest image carries these packages. */
  readonly archives: Readonly<Partial<Record<ArchiveName, LocalFile & { readonly version: string }>>>;
  readonly images: Readonly<Record<ImageName, ImageFile>>;
}

/** A disk image somewhere else: src/artifacts brings it, src/machine makes a machine's disk of it. */
export interface RemoteDisk {
  /** What a person calls it: its address, without what may be secret in it. */
  readonly title: string;
  /** `sha256:<hex>` or `sha512:<hex>`, when it is known without asking anybody. */
  readonly digest?: string;
  /** The digest of what is offered now. Rejects with IMAGE_DIGEST_MISSING or IMAGE_DOWNLOAD_FAILED. */
  currentDigest(c: RunContext): Promise<string>;
  /**
   * Downloads the image unless it is here, checks it, and hands the file to `use`; it may be gone when that has ended well. For one caller
   * per digest at a time. Rejects with IMAGE_DIGEST_WRONG, IMAGE_DOWNLOAD_FAILED, ARTIFACT_NO_SPACE, ARTIFACT_SOURCE_UNTRUSTED.
   */
  withFile(digest: string, c: RunContext, use: (file: string) => Promise<void>): Promise<void>;
}
