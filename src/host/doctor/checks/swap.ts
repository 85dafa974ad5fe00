import { ok, type HostCheck } from "../host-check.ts";
import { textOf } from "../text-of.ts";

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
