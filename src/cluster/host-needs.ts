import type { ArtifactPlan } from "../artifacts/artifact-set.ts";
import type { Probe } from "../contract/driver.ts";
import type { HostContext } from "../contract/host.ts";
import { imageBuilder } from "../machine/image/image-builder.ts";
import { osRelease } from "../host/os-release.ts";
import { missingPackages } from "../host/packages.ts";

/** Debian packages this host lacks for a start: the driver's, and the builder's when something has to be built. */
export async function neededPackages(
  probe: Probe,
  host: HostContext,
  imageReady: boolean,
  plan: ArtifactPlan,
): Promise<readonly string[]> {
  const driver = probe.usable ? [] : (probe.packages ?? []);
  // Where packages can be installed mmdebstrap is; elsewhere the image may come from a registry instead.
  const canInstall = (await osRelease()).family.includes("debian");
  const buildsImage = !imageReady && (canInstall || (await imageBuilder(host)) === "mmdebstrap");
  const builds = buildsImage || (plan.source === "debian" && !plan.complete);
  const programs = ["ip", "ssh", ...(builds ? ["mmdebstrap"] : [])];
  return [...new Set([...driver, ...(await missingPackages(programs, host))])];
}
