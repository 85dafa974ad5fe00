import type { ArtifactPlan } from "../../artifacts/artifact-set.ts";
import type { Probe } from "../../contract/driver.ts";
import type { HostContext } from "../../contract/host.ts";
import type { ImageSource } from "../../machine/image/machine-image.ts";
import { osRelease } from "../../host/os-release.ts";
import { missingPackages } from "../../host/packages.ts";

/** Debian packages missing on this host for a start: the driver's, and the builder's when something has to be built; `rebuilds`: the image in any case. */
export async function neededPackages(
  probe: Probe,
  host: HostContext,
  image: ImageSource,
  plan: ArtifactPlan,
  rebuilds = false,
): Promise<readonly string[]> {
  const driver = probe.usable ? [] : (probe.packages ?? []);
  const canInstall = (await osRelease()).family.includes("debian");
  const forImage = !rebuilds && (await image.ready()) ? [] : await image.programs(canInstall);
  const forArtifacts = plan.source === "debian" && !plan.complete ? ["mmdebstrap"] : [];
  const programs = [...new Set(["ip", "ssh", ...forImage, ...forArtifacts])];
  return [...new Set([...driver, ...(await missingPackages(programs, host))])];
}
