import { freemem } from "node:os";
import { hostCapacity, minimumMemoryMiB } from "../../capacity.ts";
import { type HostCheck, fail, ok, textOf, warn } from "../host-check.ts";

/** The smallest default memory of a cluster. */
const comfortableMiB = 2048;

export const memory: HostCheck = {
  id: "memory",
  title: "Memory and processors",
  async run() {
    const capacity = hostCapacity();
    return judgeMemory({ ...capacity, availableMiB: await availableMiB() });
  },
};

export function judgeMemory(found: {
  readonly cpus: number;
  readonly memoryMiB: number;
  readonly availableMiB: number;
}) {
  const detail = `${found.memoryMiB} MiB of memory, ${found.availableMiB} MiB of it available; ${found.cpus} CPUs`;
  if (found.memoryMiB < minimumMemoryMiB)
    return fail(detail, `Use a host with at least ${minimumMemoryMiB} MiB of memory`);
  if (found.availableMiB < comfortableMiB)
    return warn(detail, "End programs that use much memory before start");
  if (found.cpus < 2) return warn(detail, "Use a host with two CPUs: with one start takes twice as long");
  return ok(detail);
}

/** Memory available without swapping; the kernel's estimate counts caches as free, `freemem` may not. */
async function availableMiB(): Promise<number> {
  const kibibytes = /^MemAvailable:\s+(\d+) kB$/m.exec(await textOf("/proc/meminfo"))?.[1];
  return Math.floor(kibibytes === undefined ? freemem() / 2 ** 20 : Number(kibibytes) / 1024);
}

export const swap: HostCheck = {
  id: "swap",
  title: "Swap",
  run: async () => judgeSwap(await textOf("/proc/swaps")),
};

/** Not a reason for a warning: our kubelets run with `failSwapOn: false`; but it explains slow pods. */
export function judgeSwap(swaps: string) {
  const areas = swaps.split("\n").slice(1);
  const kibibytes = areas
    .map((line) => Number(line.split(/\s+/)[2] ?? 0))
    .reduce((sum, size) => sum + size, 0);
  if (kibibytes === 0) return ok("off");
  return ok(`${Math.floor(kibibytes / 1024)} MiB; pods that are swapped out become slow`);
}
