import { componentFlags, etcdFlags } from "./catalogue-data.ts";
import { minorOf } from "./kubernetes-version.ts";
import type { KubernetesComponent } from "../../contract/components.ts";

/**
 * `unknown`: the flag was added or removed between 1.20 and 1.36, in a release we have no evidence for, or was never seen in either
 * (hidden flags, flags newer than 1.36). localkube never renders such a flag itself; a user may set it.
 */
export type FlagState = "present" | "absent" | "unknown";

const firstListed = 20;
const lastListed = 36;

/** Whether a component of that Kubernetes release accepts a flag (name without dashes, as in `--help`). */
export function flagState(component: KubernetesComponent, flag: string, version: string): FlagState {
  const minor = minorOf(version);
  const { both, only120, only136, removed, added } = componentFlags[component];
  const gone = removed[flag];
  const since = added[flag];
  if (gone !== undefined && minor >= gone) return "absent";
  if (since !== undefined) return minor >= since ? "present" : "absent";
  if (both.includes(flag)) return "present";
  if (only120.includes(flag)) return stateOfLeaver(minor, gone);
  if (only136.includes(flag))
    return minor >= lastListed ? "present" : minor === firstListed ? "absent" : "unknown";
  return minor === firstListed || minor === lastListed ? "absent" : "unknown";
}

/**
 * Whether an etcd of that version (`3.5.6`) has a flag; one that is in no release of 3.4 to 3.7 is `absent`. Patch releases are not told
 * apart: a flag that came with a later one counts for the whole minor.
 */
export function etcdFlagState(name: string, etcd: string): "present" | "absent" {
  const minor = Number(etcd.split(".")[1]);
  const gone = etcdFlags.removed[name] ?? Infinity;
  const since = etcdFlags.added[name] ?? 0;
  return etcdFlags.known.has(name) && minor >= since && minor < gone ? "present" : "absent";
}

function stateOfLeaver(minor: number, gone: number | undefined): FlagState {
  if (gone !== undefined || minor === firstListed) return "present";
  return minor >= lastListed ? "absent" : "unknown";
}

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

/** Whether a kubelet of that release knows the field; fields not listed above are taken as known by all. */
export const kubeletConfigHas = (field: string, version: string): boolean =>
  minorOf(version) >= (fieldsSince[field] ?? 0);
