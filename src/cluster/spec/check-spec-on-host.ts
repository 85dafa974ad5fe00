import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import type { ClusterSpec } from "../../contract/cluster-spec.ts";
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
import { otherExample } from "./parse-networks.ts";

export interface HostCheckOptions {
  /** The spec of the cluster as it is; only what changes is then checked: its routes and its port are its own by now. */
  readonly existing?: ClusterSpec | undefined;
  readonly capacity?: HostCapacity;
  /** The machine is another computer, which takes nothing from this one. Default: it is on this one. */
  readonly isElsewhere?: boolean;
}

/**
 * Compares a spec with the host before anything is made. Read-only. Rejects with CPUS_TOO_MANY, MEMORY_TOO_LARGE, CIDR_OVERLAPS_HOST,
 * PORT_IN_USE, PORT_NOT_PERMITTED or CNI_FILE_UNREADABLE.
 */
export async function checkSpecOnHost(
  spec: ClusterSpec,
  host: Pick<HostContext, "run">,
  { existing, capacity = hostCapacity(), isElsewhere = false }: HostCheckOptions = {},
): Promise<void> {
  if (!isElsewhere && spec.cpus !== existing?.cpus) checkCpus(spec, capacity);
  if (!isElsewhere && spec.memoryMiB !== existing?.memoryMiB) checkMemory(spec, capacity);
  if (spec.cni !== existing?.cni) await checkCni(spec.cni);
  if (existing) return;
  checkRoutes(spec, await hostRoutes(host));
  if (spec.apiServer.port !== 0) await assertPortFree(spec.apiServer.port, "apiserver-port");
}

function checkCpus({ cpus }: ClusterSpec, capacity: HostCapacity): void {
  if (cpus > capacity.cpus) throw new LocalkubeError("CPUS_TOO_MANY", { cpus, available: capacity.cpus });
}

function checkMemory({ memoryMiB }: ClusterSpec, { memoryMiB: availableMiB }: HostCapacity): void {
  if (memoryMiB <= availableMiB) return;
  throw new LocalkubeError("MEMORY_TOO_LARGE", { memoryMiB, availableMiB, minimumMiB: minimumMemoryMiB });
}

/** The CIDRs of a spec against routes of the host. Throws CIDR_OVERLAPS_HOST naming route and device. */
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

/** The advice must not lead into the next overlap. */
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

async function checkCni(value: string): Promise<void> {
  if (value === "bridge" || value === "none") return;
  try {
    await access(value, constants.R_OK);
    if (!(await stat(value)).isFile()) throw new Error("it is not a file");
  } catch (cause) {
    const problem =
      (cause as NodeJS.ErrnoException).code === "ENOENT" ? "there is no such file" : (cause as Error).message;
    throw new LocalkubeError("CNI_FILE_UNREADABLE", { value, problem }, { cause });
  }
}
