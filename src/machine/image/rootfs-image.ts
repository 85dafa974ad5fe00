import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { MachineImage } from "../../contract/driver.ts";
import type { HostContext, RunContext } from "../../contract/host.ts";
import { makeImageFile } from "../../host/image-file/make-image-file.ts";
import { shellQuote } from "../../host/run-command.ts";
import { assertSpace } from "./assert-space.ts";
import { containerfileImage } from "./containerfile-image.ts";
import { buildDebianRoot } from "./debian-root.ts";
import { guestFolder, guestRecipe, imageKey, unitLists } from "./guest-recipe.ts";
import { imageBuilder } from "./image-builder.ts";
import { defaultRuntimeName } from "../../runtimes/registry.ts";

const builders = { mmdebstrap: debootstrapImage, containerfile: containerfileImage };

/** A machine image with the packages of one container runtime. */
export interface RootfsImage extends MachineImage {
  readonly runtime: string;
}

/** Where the machine's root file system is or will be; the key covers everything that decides its content. */
export async function rootfsImage(host: HostContext, runtime = defaultRuntimeName): Promise<RootfsImage> {
  const key = await imageKey(host.arch, runtime);
  return { kind: "rootfs", key, file: join(host.cacheDir, "images", `machine-${key}.tar`), runtime };
}

/**
 * Builds the root file system once per content key: with mmdebstrap from the Debian archive (35 s with a near one), else from Debian's
 * container image by podman or docker; LOCALKUBE_IMAGE_BUILDER chooses. A second localkube waits for the first one's result. A build
 * that was killed leaves only a `.partial` file, which the next one removes. `again` builds one that takes the present one's place. Rejects with IMAGE_BUILDER_UNKNOWN, IMAGE_TOOL_MISSING,
 * IMAGE_NO_SPACE, IMAGE_BUILD_BUSY, DEBIAN_ARCHIVE_UNREACHABLE, IMAGE_REGISTRY_UNREACHABLE or DEBIAN_ROOT_FAILED.
 */
export async function buildRootfsImage(image: RootfsImage, c: RunContext, again = false): Promise<void> {
  const make = async (partial: string, locked: RunContext): Promise<string> => {
    const builder = await imageBuilder(locked.host);
    await assertSpace(dirname(partial), locked.host);
    await builders[builder](partial, locked, image.runtime);
    return partial;
  };
  await makeImageFile(image.file, c, make, { again });
}

/** Builds the root file system of a container machine into a tar with mmdebstrap. */
export async function debootstrapImage(
  file: string,
  c: RunContext,
  runtime = defaultRuntimeName,
): Promise<void> {
  const recipe = await guestRecipe(runtime);
  const folder = guestFolder();
  // The script's text, not its path: in a user namespace this user's home may be unreadable. (copy-in reads outside of it.)
  const prepareRoot = await readFile(join(folder, "prepare-root.sh"), "utf8");
  const root = {
    packages: recipe.packages,
    options: [
      `--customize-hook=copy-in ${shellQuote([join(folder, "sshd.conf")])} /etc/ssh/sshd_config.d`,
      `--customize-hook=${prepareRoot}`,
    ],
    suite: recipe.suite,
    target: file,
  };
  await buildDebianRoot(root, unitLists(recipe), c);
}
