import { kubernetesPrograms } from "../../contract/components.ts";
import { minorData, minorOf, normaliseVersion } from "./kubernetes-version.ts";
import type { MinorData } from "./catalogue-data.ts";

/** What belongs to one Kubernetes release. */
export interface CatalogueEntry extends Pick<MinorData, "etcd"> {
  /** `v1.36.5` */
  readonly version: string;
  /** `36` */
  readonly minor: number;
  /** Versions to install, `3.5.6`, by the name of the program; a runtime knows those of its own. */
  readonly programs: Readonly<Record<string, string>>;
  /** Full references by what the image is for. */
  readonly images: Readonly<Record<string, string>>;
}

/** Everything known of a release (`v1.36.5`, `1.36.5`, `1.36`); rejects with KUBERNETES_VERSION_UNKNOWN. */
export function catalogueEntry(text: string): CatalogueEntry {
  const minor = minorOf(text);
  const version = normaliseVersion(text);
  const { pause, coredns, corednsImage, etcd, cniPlugins, crictl } = minorData(minor);
  const own = Object.fromEntries(kubernetesPrograms.map((name) => [name, version.slice(1)]));
  return {
    version,
    minor,
    programs: { ...own, etcd, "cni-plugins": cniPlugins, crictl },
    images: {
      pause: `registry.k8s.io/pause:${pause}`,
      "cluster-dns": `registry.k8s.io/${corednsImage}:${coredns}`,
    },
    etcd,
  };
}
