import type { ArtifactPlan } from "../artifacts/artifact-set.ts";
import { diskAtAddress } from "../artifacts/disk-image/disk-at-address.ts";
import { publishedDisk } from "../artifacts/disk-image/published-disk.ts";
import type { ClusterSpec } from "../contract/cluster-spec.ts";
import type { DriverDefinition } from "../contract/driver.ts";
import { LocalkubeError } from "../contract/errors/localkube-error.ts";
import type { HostContext } from "../contract/host.ts";
import { type DiskWish, type ImageSource, machineImage } from "../machine/image/machine-image.ts";

/** What the makers' own images do not have of what Debian artifacts leave to the guest. */
const lacking = {
  debian: "containerd, runc, etcd and CNI plugins",
  flatcar: "etcd and CNI plugins",
} as const;

const withoutIt = {
  debian: "Leave out --image: the disk that localkube builds has them",
  flatcar: "Leave out --os: the disk of Debian that localkube builds has them",
} as const;

/** The image for a cluster; changes and fetches nothing. Rejects with OS_NEEDS_VM or IMAGE_NEEDS_VM. */
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
 * Told before anything is made: a published image is known to lack what Debian artifacts leave to it; what a user's own has is seen when it
 * runs. Throws IMAGE_LACKS_PROGRAMS. Pure.
 */
export function refuseLackingImage(spec: ClusterSpec, { source, reason }: ArtifactPlan): void {
  const { os, artifacts } = spec;
  if (source !== "debian" || !isPublished(spec)) return;
  throw new LocalkubeError("IMAGE_LACKS_PROGRAMS", {
    image: os === "debian" ? "upstream" : `of ${os}`,
    programs: lacking[os],
    reason,
    // Where upstream's releases cannot be had, asking for them is no help.
    fix: artifacts === "debian" ? "Use --artifacts upstream" : withoutIt[os],
  });
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
  if (image === "") return { from: "debian" };
  if (/^https?:/i.test(image)) {
    const remote = diskAtAddress(image);
    return { from: "remote", name: remote.title, remote, firstBoot };
  }
  return { from: "file", file: image, firstBoot };
}
