import type { ArtifactPlan } from "../../artifacts/artifact-set.ts";
import { catalogueEntry } from "../../artifacts/catalogue/catalogue-entry.ts";
import { diskAtAddress } from "../../artifacts/disk-image/disk-at-address.ts";
import { publishedDisk } from "../../artifacts/disk-image/published-disk.ts";
import type { ClusterSpec } from "../../spec/fields.ts";
import type { DriverDefinition } from "../../contract/driver.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { HostContext } from "../../contract/host.ts";
import { ociRuntimesByName } from "../../runtimes/oci/registry.ts";
import { runtimeFor } from "../../runtimes/registry.ts";
import { absence } from "./wishes.ts";
import { type DiskWish, type ImageSource, machineImage } from "../../machine/image/machine-image.ts";

/** The image for a cluster; changes and downloads nothing. Rejects with OS_NEEDS_VM or IMAGE_NEEDS_VM. */
export async function imageSource(
  spec: ClusterSpec,
  { name, capabilities }: Pick<DriverDefinition, "name" | "capabilities">,
  host: HostContext,
): Promise<ImageSource> {
  const { os } = spec;
  if (os !== "debian" && capabilities.image !== "disk")
    throw new LocalkubeError("OS_NEEDS_VM", { os, driver: name });
  return machineImage(capabilities.image, host, diskWish(spec, host));
}

/**
 * Reported before anything is created: Flatcar's image is known to lack programs that Debian artifacts rely on, and has no apt with which
 * `guest-packages` could install them. What a user's own image contains is checked when it runs. Throws IMAGE_LACKS_PROGRAMS. Pure.
 */
export function refuseLackingImage(spec: ClusterSpec, { source, reason }: ArtifactPlan): void {
  const { os, artifacts } = spec;
  if (source !== "debian" || os !== "flatcar" || !isPublished(spec)) return;
  throw new LocalkubeError("IMAGE_LACKS_PROGRAMS", {
    image: `of ${os}`,
    programs: "etcd and CNI plugins",
    reason,
    // Where upstream's releases are not available, advising them does not help.
    fix:
      artifacts === "debian"
        ? "Use --artifacts upstream"
        : "Leave out --os: the disk of Debian that localkube builds has them",
  });
}

/**
 * The same of what the runtime needs, where neither the artifacts nor the image contain it. What is in a user's own image or on a host is found out
 * there. Throws RUNTIME_NOT_HERE and OCI_RUNTIME_NOT_HERE. Pure.
 */
export function refuseAbsentPrograms(
  { runtime: name, ociRuntimes, image, os }: ClusterSpec,
  { source, kubernetesVersion }: ArtifactPlan,
  kind: DriverDefinition["capabilities"]["image"],
): void {
  if (kind === "none" || !["", "upstream"].includes(image)) return;
  const entry = catalogueEntry(kubernetesVersion);
  const runtime = runtimeFor(name, entry);
  for (const program of runtime.programs) {
    const problem = absence(program, entry.minor, { source });
    if (problem === undefined) continue;
    throw new LocalkubeError("RUNTIME_NOT_HERE", { runtime: runtime.name, program: program.name, problem });
  }
  if (source !== "debian" || os !== "debian" || image !== "") return;
  for (const { name: oci, programs } of ociRuntimesByName(ociRuntimes)) {
    // The last, where there are several: Debian has a gVisor, but not its shim.
    const absent = programs.findLast((program) => program.package === undefined);
    if (absent) throw new LocalkubeError("OCI_RUNTIME_NOT_HERE", { name: oci, program: absent.name });
  }
}

const isPublished = ({ os, image }: ClusterSpec): boolean =>
  image === "upstream" || (image === "" && os !== "debian");

function diskWish(spec: ClusterSpec, host: HostContext): DiskWish {
  const { os, image } = spec;
  const firstBoot = os === "flatcar" ? "ignition" : "cloud-init";
  if (isPublished(spec)) {
    const remote = publishedDisk(spec, host.arch);
    return { from: "remote", name: "upstream", remote, firstBoot };
  }
  if (image === "") return { from: "debian", runtime: spec.runtime };
  if (/^https?:/i.test(image)) {
    const remote = diskAtAddress(image);
    return { from: "remote", name: remote.title, remote, firstBoot };
  }
  return { from: "file", file: image, firstBoot };
}
