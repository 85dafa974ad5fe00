import { dirname, join } from "node:path";
import type { MachineImage } from "../../contract/driver.ts";
import type { HostContext, RunContext } from "../../contract/host.ts";
import { makeImageFile } from "../../host/image-file/make-image-file.ts";
import { assertSpace } from "./assert-space.ts";
import { containerfileImage } from "./containerfile-image.ts";
import { debootstrapImage } from "./debootstrap-image.ts";
import { imageBuilder } from "./image-builder.ts";
import { imageKey } from "./guest-recipe.ts";

const builders = { mmdebstrap: debootstrapImage, containerfile: containerfileImage };

/** Where the machine's root file system is or will be; the key covers everything that decides its content. */
export async function rootfsImage(host: HostContext): Promise<MachineImage> {
  const key = await imageKey(host.arch);
  return { kind: "rootfs", key, file: join(host.cacheDir, "images", `machine-${key}.tar`) };
}

/**
 * Builds the root file system once per content key: with mmdebstrap from the Debian archive (35 s with a near one), else from Debian's
 * container image by podman or docker; LOCALKUBE_IMAGE_BUILDER chooses. A second localkube waits for the first one's result. A build
 * that was killed leaves only a `.partial` file, which the next one removes. `again` builds one that takes the present one's place. Rejects with IMAGE_BUILDER_UNKNOWN, IMAGE_TOOL_MISSING,
 * IMAGE_NO_SPACE, IMAGE_BUILD_BUSY, DEBIAN_ARCHIVE_UNREACHABLE, IMAGE_REGISTRY_UNREACHABLE or DEBIAN_ROOT_FAILED.
 */
export async function buildRootfsImage(image: MachineImage, c: RunContext, again = false): Promise<void> {
  const make = async (partial: string, locked: RunContext): Promise<string> => {
    const builder = await imageBuilder(locked.host);
    await assertSpace(dirname(partial), locked.host);
    await builders[builder](partial, locked);
    return partial;
  };
  await makeImageFile(image.file, c, make, { again });
}
