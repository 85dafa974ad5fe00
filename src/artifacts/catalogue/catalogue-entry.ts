import { minorData, minorOf, normaliseVersion } from "./kubernetes-version.ts";
import type { MinorData } from "./catalogue-data.ts";

/** What belongs to one Kubernetes release. */
export interface CatalogueEntry extends Omit<MinorData, "lastPatch" | "pause" | "coredns" | "corednsImage"> {
  /** `v1.36.5` */
  readonly version: string;
  /** `36` */
  readonly minor: number;
  /** Full references. */
  readonly pauseImage: string;
  readonly corednsImage: string;
}

/** Everything known of a release (`v1.36.5`, `1.36.5`, `1.36`); rejects with KUBERNETES_VERSION_UNKNOWN. */
export function catalogueEntry(version: string): CatalogueEntry {
  const minor = minorOf(version);
  const { pause, coredns, corednsImage, etcd, schedulerConfig, cri, containerd, runc, cniPlugins, crictl } =
    minorData(minor);
  return {
    version: normaliseVersion(version),
    minor,
    pauseImage: `registry.k8s.io/pause:${pause}`,
    corednsImage: `registry.k8s.io/${corednsImage}:${coredns}`,
    etcd,
    schedulerConfig,
    cri,
    containerd,
    runc,
    cniPlugins,
    crictl,
  };
}
