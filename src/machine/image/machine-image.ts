import type { DriverCapabilities, MachineImage } from "../../contract/driver.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { HostContext, RunContext } from "../../contract/host.ts";
import { buildDiskImage, builtDiskImage } from "./disk/built-disk-image.ts";
import { imageBuilder } from "./image-builder.ts";
import { convertDiskImage, ownDiskImage } from "./disk/own-disk-image.ts";
import { isWhole } from "../../host/image-file/image-record.ts";
import { buildRootfsImage, rootfsImage } from "./rootfs-image.ts";

/** The image a machine is made from, and how to get it. */
export interface ImageSource {
  readonly image: MachineImage;
  /** What a person calls it: «the machine image 3f2a…». */
  readonly title: string;
  /** Whether it is in the cache, whole. */
  ready(): Promise<boolean>;
  build(c: RunContext): Promise<void>;
  /** Programs of this host that `build` runs; `canInstall`: what is missing could be had as Debian packages. */
  programs(canInstall: boolean): Promise<readonly string[]>;
}

/**
 * Decides by what the driver wants and, for a disk, by the user's own image (absolute path; empty = none); changes and fetches nothing.
 * Rejects with IMAGE_NEEDS_VM when a container should get a disk.
 */
export async function machineImage(
  kind: DriverCapabilities["image"],
  host: HostContext,
  own = "",
): Promise<ImageSource> {
  if (own !== "") {
    if (kind !== "disk") throw new LocalkubeError("IMAGE_NEEDS_VM", { file: own });
    const image = await ownDiskImage(own, host);
    return {
      image,
      title: `the disk image ${own}`,
      ready: () => isWhole(image.file),
      build: (c) => convertDiskImage(own, image, c),
      programs: () => Promise.resolve(["qemu-img"]),
    };
  }
  if (kind === "none") {
    return {
      image: { kind, file: "", key: "none" },
      title: "no image",
      ready: () => Promise.resolve(true),
      build: () => Promise.resolve(),
      programs: () => Promise.resolve([]),
    };
  }
  if (kind === "disk") {
    const image = await builtDiskImage(host);
    return {
      image,
      title: `the disk image ${image.key}`,
      ready: () => isWhole(image.file),
      build: (c) => buildDiskImage(image, c),
      programs: () => Promise.resolve(["mmdebstrap", "mke2fs", "sfdisk", "qemu-img"]),
    };
  }
  const image = await rootfsImage(host);
  return {
    image,
    title: `the machine image ${image.key}`,
    ready: () => isWhole(image.file),
    build: (c) => buildRootfsImage(image, c),
    // Where packages can be installed mmdebstrap is; elsewhere the image may come from a registry instead.
    programs: async (canInstall) =>
      canInstall || (await imageBuilder(host)) === "mmdebstrap" ? ["mmdebstrap"] : [],
  };
}
