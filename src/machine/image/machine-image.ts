import type { RemoteDisk } from "../../contract/artifact.ts";
import type { DriverCapabilities, MachineImage } from "../../contract/driver.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { HostContext, RunContext } from "../../contract/host.ts";
import { builtAt, isWhole } from "../../host/image-file/image-record.ts";
import { buildDiskImage, builtDiskImage, filesBeside } from "./disk/built-disk-image.ts";
import { convertDiskImage, type FirstBoot, ownDiskImage } from "./disk/own-disk-image.ts";
import { remoteDiskImage } from "./disk/remote-disk-image.ts";
import { imageBuilder } from "./image-builder.ts";
import { buildRootfsImage, rootfsImage } from "./rootfs-image.ts";

/** The image a machine is made from, and how to get it. */
export interface ImageSource {
  /** How messages name it: "the machine image 3f2a…". */
  readonly title: string;
  /** Half a sentence for `--dry-run`: what `build` does when it has to. */
  readonly plan: string;
  /** Whether it is in the cache, complete, and no server has to be asked. */
  ready(): Promise<boolean>;
  /** Returns the image, building it if it is missing; idempotent. */
  build(c: RunContext): Promise<MachineImage>;
  /** Set where the content depends on the day of the build: the packages that the Debian archive had then. */
  readonly aging?: {
    /** When the cached one was built, in milliseconds since 1970; undefined when there is none. */
    builtAt(): Promise<number | undefined>;
    /** Builds it even if it is in the cache, and replaces that one when it is complete. Machines keep what they were created from. */
    rebuild(c: RunContext): Promise<void>;
  };
  /** Programs of this host that `build` runs; `canInstall`: what is missing can be installed as Debian packages. */
  programs(canInstall: boolean): Promise<readonly string[]>;
}

/** Which disk a virtual machine should have. */
export type DiskWish =
  | {
      readonly from: "debian";
      /** The runtime whose packages it contains; the default one's unless given. */
      readonly runtime?: string;
    }
  | { readonly from: "file"; readonly file: string; readonly firstBoot: FirstBoot }
  | {
      readonly from: "remote";
      /** How it was asked for. */
      readonly name: string;
      readonly remote: RemoteDisk;
      readonly firstBoot: FirstBoot;
    };

/**
 * Decides by what the driver needs and, for a disk, by what was requested; changes and downloads nothing. Rejects with IMAGE_NEEDS_VM when
 * a disk is requested for a container.
 */
export async function machineImage(
  kind: DriverCapabilities["image"],
  host: HostContext,
  wish: DiskWish = { from: "debian" },
): Promise<ImageSource> {
  if (wish.from !== "debian" && kind !== "disk")
    throw new LocalkubeError("IMAGE_NEEDS_VM", {
      file: wish.from === "file" ? wish.file : wish.name,
    });
  if (wish.from === "file") return ownSource(wish.file, wish.firstBoot, host);
  if (wish.from === "remote") return remoteSource(wish.remote, wish.firstBoot, host);
  if (kind === "none") return noSource;
  return kind === "disk" ? debianSource(host, wish.runtime) : rootfsSource(host, wish.runtime);
}

const noImage: MachineImage = { kind: "none", file: "", key: "none" };
/** For a machine that exists already, or gets its system from elsewhere. */
const noSource: ImageSource = {
  title: "no image",
  plan: "",
  ready: () => Promise.resolve(true),
  build: () => Promise.resolve(noImage),
  programs: () => Promise.resolve([]),
};

const onlyQemuImg = () => Promise.resolve(["qemu-img"]);

async function ownSource(file: string, firstBoot: FirstBoot, host: HostContext): Promise<ImageSource> {
  const image = await ownDiskImage(file, host, firstBoot);
  const title = `the disk image ${file}`;
  return {
    title,
    plan: `convert ${title}`,
    ready: () => isWhole(image.file),
    build: async (c) => {
      await convertDiskImage(file, image, c);
      return image;
    },
    programs: onlyQemuImg,
  };
}

function remoteSource(remote: RemoteDisk, firstBoot: FirstBoot, host: HostContext): ImageSource {
  const title = `the disk image ${remote.title}`;
  const image = remoteDiskImage(remote, firstBoot, host);
  return { title, plan: `download and convert ${title}`, ...image, programs: onlyQemuImg };
}

async function debianSource(host: HostContext, runtime?: string): Promise<ImageSource> {
  const image = await builtDiskImage(host, runtime);
  const title = `the disk image ${image.key}`;
  return {
    title,
    plan: `build ${title} from the Debian archive`,
    ready: () => isWhole(image.file, filesBeside(image)),
    build: async (c) => {
      await buildDiskImage(image, c);
      return image;
    },
    aging: { builtAt: () => builtAt(image.file), rebuild: (c) => buildDiskImage(image, c, true) },
    programs: () => Promise.resolve(["mmdebstrap", "mke2fs", "sfdisk", "qemu-img"]),
  };
}

async function rootfsSource(host: HostContext, runtime?: string): Promise<ImageSource> {
  const image = await rootfsImage(host, runtime);
  const title = `the machine image ${image.key}`;
  return {
    title,
    plan: `build ${title} from the Debian archive`,
    ready: () => isWhole(image.file),
    build: async (c) => {
      await buildRootfsImage(image, c);
      return image;
    },
    aging: { builtAt: () => builtAt(image.file), rebuild: (c) => buildRootfsImage(image, c, true) },
    // Where packages can be installed, mmdebstrap is used; elsewhere the image may come from a registry instead.
    programs: async (canInstall) =>
      canInstall || (await imageBuilder(host)) === "mmdebstrap" ? ["mmdebstrap"] : [],
  };
}
