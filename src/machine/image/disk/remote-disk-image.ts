import type { RemoteDisk } from "../../../contract/artifact.ts";
import { type Digest, formatDigest } from "../../../contract/digest.ts";
import type { MachineImage } from "../../../contract/driver.ts";
import type { HostContext, RunContext } from "../../../contract/host.ts";
import { isWhole } from "../../../host/image-file/image-record.ts";
import { makeImageFile } from "../../../host/image-file/make-image-file.ts";
import { convertForeignDisk, type FirstBoot, foreignDisk } from "./own-disk-image.ts";

export interface RemoteDiskImage {
  /** Whether it is in the cache, and no server has to be asked which one it is. */
  ready(): Promise<boolean>;
  /** Finds out which image is meant (once), and downloads and converts it unless the cache has it. Errors of RemoteDisk and IMAGE_UNUSABLE. */
  build(c: RunContext): Promise<MachineImage>;
}

/** The disk of a machine from a RemoteDisk; its key is the digest of what was downloaded. */
export function remoteDiskImage(
  remote: RemoteDisk,
  firstBoot: FirstBoot,
  host: HostContext,
): RemoteDiskImage {
  let digest = remote.digest;
  const imageOf = (known: Digest) => foreignDisk([formatDigest(known)], firstBoot, host);
  return {
    ready: async () => digest !== undefined && isWhole(imageOf(digest).file),
    async build(c) {
      const known = (digest ??= await remote.currentDigest(c));
      const image = imageOf(known);
      await makeImageFile(image.file, c, async (partial, locked) => {
        await remote.withFile(known, locked, (file) => convertForeignDisk(file, partial, locked));
        return partial;
      });
      return image;
    },
  };
}
