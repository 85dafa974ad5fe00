import { minorOf } from "./kubernetes-version.ts";

/**
 * Fields of kubelet.config.k8s.io/v1beta1 that came after 1.20, by first minor. A kubelet refuses a file with a field it does
 * not know, so what is not in every version must be asked for here.
 */
const fieldsSince: Readonly<Record<string, number>> = {
  seccompDefault: 22,
  containerRuntimeEndpoint: 27,
  imageServiceEndpoint: 27,
  failCgroupV1: 31,
};

/** First minor whose kubelet does not start on cgroup v1 unless `failCgroupV1: false` is set. */
const failCgroupV1DefaultSince = 35;

/** Whether a kubelet of that release knows the field; fields not listed above are taken as known by all. */
export const kubeletConfigHas = (field: string, version: string): boolean =>
  minorOf(version) >= (fieldsSince[field] ?? 0);

/** Whether `failCgroupV1: false` must be written for a guest on cgroup v1. */
export const refusesCgroupV1 = (version: string): boolean => minorOf(version) >= failCgroupV1DefaultSince;
