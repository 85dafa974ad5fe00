import type { ArtifactSet, BinaryName, ImageName, LocalFile } from "../../contract/artifact.ts";
import { recipe } from "./recipe.ts";

export type DebianFileName = BinaryName | `${ImageName}.tar`;

/** Names of all files of the tree, in the order in which they are worth building. */
export const debianFileNames: readonly DebianFileName[] = [
  ...recipe.binaries,
  "pause.tar",
  "cluster-dns.tar",
];

/** `localkube.local` is no registry: a name that nothing can pull by mistake, with a tag that follows the content. */
export const imageRefs = (key: string): Readonly<Record<ImageName, string>> => ({
  pause: `localkube.local/pause:${recipe.pauseVersion}`,
  "cluster-dns": `localkube.local/cluster-dns:${key}`,
});

/** The builder's result from its verified files. */
export function artifactSet(key: string, files: ReadonlyMap<DebianFileName, LocalFile>): ArtifactSet {
  const get = (name: DebianFileName): LocalFile => {
    const file = files.get(name);
    if (!file) throw new TypeError(`no verified file for ${name}`);
    return file;
  };
  const refs = imageRefs(key);
  return {
    source: "debian",
    kubernetesVersion: recipe.kubernetesVersion,
    binaries: {
      "kube-apiserver": get("kube-apiserver"),
      "kube-controller-manager": get("kube-controller-manager"),
      "kube-scheduler": get("kube-scheduler"),
      kubelet: get("kubelet"),
      "kube-proxy": get("kube-proxy"),
      kubectl: get("kubectl"),
    },
    archives: {},
    images: {
      pause: { ...get("pause.tar"), ref: refs.pause },
      "cluster-dns": { ...get("cluster-dns.tar"), ref: refs["cluster-dns"] },
    },
  };
}
