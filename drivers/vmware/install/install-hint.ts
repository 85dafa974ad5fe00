import type { KnownFailure } from "./known-failures.ts";

/** VMware is available only from its vendor: no package manager has it. */
export function installHint(platform: NodeJS.Platform): KnownFailure & Record<string, string> {
  const [name, version] = platform === "darwin" ? ["Fusion", "13.6"] : ["Workstation", "17.6"];
  return {
    problem: "vmrun is not there",
    fix: `Install VMware ${name} ${version} or newer (support.broadcom.com, free of charge), or set LOCALKUBE_VMRUN to its vmrun`,
  };
}
