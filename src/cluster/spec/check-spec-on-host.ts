import { stat } from "node:fs/promises";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { HostContext } from "../../contract/host.ts";
import { hostCapacity, minimumMemoryMiB, type HostCapacity } from "../../host/capacity.ts";
import {
  formatNetwork,
  hostRoutes,
  networksOverlap,
  parseNetwork,
  type HostRoute,
} from "../../host/network.ts";
import { assertPortFree } from "../../host/ports.ts";
import { loadPodNetwork } from "../../provision/network/pod-network.ts";
import type { ClusterSpec } from "../../spec/fields.ts";
import { otherExample } from "../../spec/parse/networks.ts";

export interface HostCheckOptions {
  /**
   * The spec of the existing cluster, if it is kept; only what changes is checked then: its routes and its port are its own.
   * Absent for a new cluster, and for one that is recreated (`--recreate`).
   */
  readonly existing?: ClusterSpec | undefined;
  /** A port used by the cluster that is recreated: it will be free by then. */
  readonly heldPort?: number | undefined;
  readonly capacity?: HostCapacity;
  /** The machine is another computer, which uses no resources of this one. Default: it is on this one. */
  readonly isElsewhere?: boolean;
}

/**
 * Checks a spec against the host before anything is created. Read-only. Rejects with CPUS_TOO_MANY, MEMORY_TOO_LARGE, CIDR_OVERLAPS_HOST,
 * PORT_IN_USE, PORT_NOT_PERMITTED, CNI_FILE_UNREADABLE or CNI_FILE_INVALID.
 */
export async function checkSpecOnHost(
  spec: ClusterSpec,
  host: Pick<HostContext, "run">,
  { existing, heldPort, capacity = hostCapacity(), isElsewhere = false }: HostCheckOptions = {},
): Promise<void> {
  if (!isElsewhere) checkSize(spec, existing, capacity);
  if (spec.cni !== existing?.cni) await checkCni(spec.cni);
  if (existing) return;
  checkRoutes(spec, await hostRoutes(host));
  const { port } = spec.apiServer;
  if (port !== 0 && port !== heldPort) await assertPortFree(port, "apiserver-port");
}

function checkSize(spec: ClusterSpec, existing: ClusterSpec | undefined, capacity: HostCapacity): void {
  if (spec.cpus !== existing?.cpus) checkCpus(spec, capacity);
  if (spec.memoryMiB !== existing?.memoryMiB) checkMemory(spec, capacity);
}

function checkCpus({ cpus }: ClusterSpec, capacity: HostCapacity): void {
  if (cpus > capacity.cpus) throw new LocalkubeError("CPUS_TOO_MANY", { cpus, available: capacity.cpus });
}

function checkMemory({ memoryMiB }: ClusterSpec, { memoryMiB: availableMiB }: HostCapacity): void {
  if (memoryMiB <= availableMiB) return;
  throw new LocalkubeError("MEMORY_TOO_LARGE", { memoryMiB, availableMiB, minimumMiB: minimumMemoryMiB });
}

/** Checks the CIDRs of a spec against the host's routes. Throws CIDR_OVERLAPS_HOST naming route and device. */
export function checkRoutes(
  spec: Pick<ClusterSpec, "serviceCidr" | "podCidr">,
  routes: readonly HostRoute[],
): void {
  const ranges = [
    ["service-cidr", spec.serviceCidr],
    ["pod-cidr", spec.podCidr],
  ] as const;
  for (const [flag, value] of ranges) {
    const network = parseNetwork(value);
    const route = network && routes.find((candidate) => networksOverlap(candidate, network));
    if (!route) continue;
    throw new LocalkubeError("CIDR_OVERLAPS_HOST", {
      flag,
      value,
      route: formatNetwork(route),
      device: route.device,
      example: freeExample(flag, routes),
    });
  }
}

/** A network to suggest instead, which must not overlap either. */
function freeExample(flag: keyof typeof otherExample, routes: readonly HostRoute[]): string {
  const taken = (text: string) => {
    const network = parseNetwork(text);
    return network !== undefined && routes.some((route) => networksOverlap(route, network));
  };
  const other = flag === "service-cidr" ? "pod-cidr" : "service-cidr";
  const candidates = Array.from({ length: 256 }, (_, i) => `10.${255 - i}.0.0/16`);
  const reserved = [otherExample[other], "10.96.0.0/12", "10.244.0.0/16"].flatMap(
    (text) => parseNetwork(text) ?? [],
  );
  const isFree = (text: string) => {
    const network = parseNetwork(text);
    return (
      !taken(text) && network !== undefined && !reserved.some((range) => networksOverlap(range, network))
    );
  };
  return [otherExample[flag], ...candidates].find(isFree) ?? otherExample[flag];
}

/** The whole file is read: an error in it must be found before a cluster is created, or removed to be recreated. */
async function checkCni(value: string): Promise<void> {
  if (value === "bridge" || value === "none") return;
  const file = await stat(value).catch(() => undefined);
  if (file && !file.isFile())
    throw new LocalkubeError("CNI_FILE_UNREADABLE", { value, problem: "it is not a file" });
  await loadPodNetwork(value);
}
