import type { ArchiveName, BinaryName } from "../contract/artifact.ts";
import type { Digest } from "../contract/digest.ts";
import { componentDigests, type DigestName } from "./catalogue/catalogue-data.ts";
import type { CatalogueEntry } from "./catalogue/catalogue-entry.ts";
import { tagDigest } from "./image/registry-image.ts";
import { known, type Wanted } from "./artifact-store.ts";

export const binaryNames = [
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kubelet",
  "kube-proxy",
  "kubectl",
] as const satisfies readonly BinaryName[];

type Arch = "amd64" | "arm64";

export interface WantedArchive {
  readonly name: ArchiveName;
  readonly version: string;
  readonly wanted: Wanted;
}

/** The six Kubernetes binaries of a release at dl.k8s.io, checked by the catalogue's digests where it has them. */
export function upstreamBinaries(entry: CatalogueEntry, arch: Arch): Readonly<Record<BinaryName, Wanted>> {
  const folder = `dl.k8s.io/release/${entry.version}/bin/linux/${arch}`;
  const wanted = (name: BinaryName): Wanted => {
    const sha256 = componentDigests[name][entry.version.slice(1)]?.[arch];
    const identity = `${folder}/${name}`;
    return sha256 === undefined ? withCompanion(identity, `${identity}.sha256`) : known(identity, sha256);
  };
  return Object.fromEntries(binaryNames.map((name) => [name, wanted(name)])) as Record<BinaryName, Wanted>;
}

const archiveNames = [
  "etcd",
  "containerd",
  "runc",
  "cni-plugins",
  "crictl",
] as const satisfies readonly (ArchiveName & DigestName)[];

/** etcd, runtime and plugins that belong to a release, from GitHub's releases. */
export function upstreamArchives(entry: CatalogueEntry, arch: Arch): readonly WantedArchive[] {
  const versions = {
    etcd: entry.etcd,
    containerd: entry.containerd.install,
    runc: entry.runc,
    "cni-plugins": entry.cniPlugins,
    crictl: entry.crictl,
  };
  return archiveNames.map((name) => upstreamArchive(name, versions[name], arch));
}

interface Release {
  readonly repository: string;
  readonly file: string;
  /** The publisher's own file of digests, for versions that have no digest in our catalogue. */
  readonly sums: string;
}

function releaseOf(name: ArchiveName, version: string, arch: Arch): Release {
  switch (name) {
    case "etcd":
      return {
        repository: "etcd-io/etcd",
        file: `etcd-v${version}-linux-${arch}.tar.gz`,
        sums: "SHA256SUMS",
      };
    case "containerd": {
      const file = `containerd-static-${version}-linux-${arch}.tar.gz`;
      return { repository: "containerd/containerd", file, sums: `${file}.sha256sum` };
    }
    case "runc":
      return { repository: "opencontainers/runc", file: `runc.${arch}`, sums: "runc.sha256sum" };
    case "cni-plugins": {
      const file = `cni-plugins-linux-${arch}-v${version}.tgz`;
      return { repository: "containernetworking/plugins", file, sums: `${file}.sha256` };
    }
    case "crictl": {
      const file = `crictl-v${version}-linux-${arch}.tar.gz`;
      return { repository: "kubernetes-sigs/cri-tools", file, sums: `${file}.sha256` };
    }
  }
}

function upstreamArchive(name: ArchiveName, version: string, arch: Arch): WantedArchive {
  const { repository, file, sums } = releaseOf(name, version, arch);
  const folder = `github.com/${repository}/releases/download/v${version}`;
  const sha256 = componentDigests[name][version]?.[arch];
  const identity = `${folder}/${file}`;
  const wanted =
    sha256 === undefined ? withCompanion(identity, `${folder}/${sums}`) : known(identity, sha256);
  return { name, version, wanted };
}

const withCompanion = (identity: string, companion: string): Wanted => ({
  identity,
  digest: { kind: "companion", identity: companion },
});

/** The digest our catalogue holds for an identity of any version, if it does. */
export function publishedDigest(identity: string): Digest | undefined {
  const [, version, arch, name] =
    /^dl\.k8s\.io\/release\/v([\d.]+)\/bin\/linux\/(amd64|arm64)\/([a-z-]+)$/.exec(identity) ?? [];
  const binary = binaryNames.find((known) => known === name);
  if (version && binary) return componentDigests[binary][version]?.[arch as Arch];
  return archiveDigests().get(identity) ?? tagDigest(identity);
}

let archives: Map<string, Digest> | undefined;

function archiveDigests(): ReadonlyMap<string, Digest> {
  if (archives) return archives;
  archives = new Map();
  for (const name of archiveNames)
    for (const version of Object.keys(componentDigests[name]))
      for (const arch of ["amd64", "arm64"] as const) {
        const { identity, digest } = upstreamArchive(name, version, arch).wanted;
        if (digest.kind === "known") archives.set(identity, digest.digest);
      }
  return archives;
}
