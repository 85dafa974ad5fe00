import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { MachineImage } from "../../../contract/driver.ts";
import type { HostContext, RunContext } from "../../../contract/host.ts";
import { convertDisk } from "../../../host/image-file/convert-disk.ts";
import { makeImageFile } from "../../../host/image-file/make-image-file.ts";
import { usableFormat } from "./usable-format.ts";

export type FirstBoot = NonNullable<MachineImage["firstBoot"]>;

/** Where the qcow2 of an image that is not ours is or will be; equal `content` is the same image. */
export function foreignDisk(content: unknown, firstBoot: FirstBoot, host: HostContext): MachineImage {
  const key = createHash("sha256").update(JSON.stringify(content)).digest("hex").slice(0, 16);
  return { kind: "disk", key, file: join(host.cacheDir, "images", `own-${key}.qcow2`), firstBoot };
}

/**
 * Where the qcow2 of a user's own file is or will be. Identified by the file's path, size and time, because its digest would cost seconds at each
 * start; one that is gone keeps a key of its own, because an existing machine no longer needs it.
 */
export async function ownDiskImage(
  file: string,
  host: HostContext,
  firstBoot: FirstBoot = "cloud-init",
): Promise<MachineImage> {
  const { size, mtimeMs } = await stat(file).catch(() => ({ size: 0, mtimeMs: 0 }));
  return foreignDisk([file, size, mtimeMs], firstBoot, host);
}

/**
 * Converts it once; the user's file is only read. Rejects with IMAGE_UNUSABLE for a file that is not an image, and for one that names other files: a
 * third-party disk must not copy this host's files into the machine.
 */
export async function convertDiskImage(own: string, image: MachineImage, c: RunContext): Promise<void> {
  await makeImageFile(image.file, c, async (partial, locked) => {
    await convertForeignDisk(own, partial, locked);
    return partial;
  });
}

export async function convertForeignDisk(from: string, to: string, c: RunContext): Promise<void> {
  const format = await usableFormat(from, c);
  await convertDisk({ file: from, format }, { file: to, format: "qcow2" }, c);
}
