import { availableParallelism, totalmem } from "node:os";
import process from "node:process";

/** Below this the control plane and one pod do not fit; the minimum that Kubernetes' own tools require. */
export const minimumMemoryMiB = 1700;

export interface HostCapacity {
  readonly cpus: number;
  readonly memoryMiB: number;
}

/** What this process may use of the host: its CPU affinity and, inside a container, the memory limit of its cgroup. */
export function hostCapacity(): HostCapacity {
  const limit = process.constrainedMemory();
  const bytes = limit > 0 ? Math.min(limit, totalmem()) : totalmem();
  return { cpus: availableParallelism(), memoryMiB: Math.floor(bytes / 2 ** 20) };
}
