import { cgroups } from "./checks/cgroups.ts";
import { clock } from "./checks/clock.ts";
import { diskSpace } from "./checks/disk-space.ts";
import { fileLimits } from "./checks/file-limits.ts";
import { folders } from "./checks/folders.ts";
import { ipForward, kernelFeatures } from "./checks/kernel-features.ts";
import { memory, swap } from "./checks/memory.ts";
import { nodeVersion, operatingSystem } from "./checks/platform.ts";
import { programs } from "./checks/programs.ts";
import { proxy } from "./checks/proxy.ts";
import type { HostCheck } from "./host-check.ts";

/** The checks that `doctor` runs on every host, in output order; drivers add their own. */
export const hostChecks: readonly HostCheck[] = [
  operatingSystem,
  nodeVersion,
  programs,
  cgroups,
  kernelFeatures,
  memory,
  swap,
  diskSpace,
  folders,
  fileLimits,
  ipForward,
  clock,
  proxy,
];
