import { mkdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { MachineImage } from "../../src/contract/driver.ts";
import type { RunContext } from "../../src/contract/host.ts";
import { convertDisk } from "../../src/host/image-file/convert-disk.ts";
import { recordedDigest } from "../../src/host/image-file/image-record.ts";
import { makeImageFile } from "../../src/host/image-file/make-image-file.ts";

/** Both grow with what is written. VMware needs the kind of controller; it accepts this one for SCSI, SATA and NVMe alike. */
const options = { vdi: undefined, vmdk: "subformat=monolithicSparse,adapter_type=lsilogic" } as const;

/**
 * The image as a disk of that format: a file beside it in the cache, converted once (also when two ask at the same time; a damaged one, and
 * one of an image that was built again since, is converted again). Nobody may write to it: a driver makes copies or children of it. A VMDK contains its own file name; to copy it under
 * another name, use the hypervisor's tool, which corrects that. Rejects with IMAGE_NO_SPACE, IMAGE_BUILD_BUSY or HOST_COMMAND_FAILED.
 */
export async function convertedDisk(
  image: MachineImage,
  format: "vdi" | "vmdk",
  c: RunContext,
): Promise<string> {
  const file = join(dirname(image.file), `${basename(image.file, ".qcow2")}.${format}`);
  const convert = async (folder: string, locked: RunContext): Promise<string> => {
    locked.report({ message: `converting the disk image to ${format.toUpperCase()}` });
    await mkdir(folder, { mode: 0o700 });
    const disk = join(folder, basename(file));
    const more = options[format];
    await convertDisk(
      { file: image.file, format: "qcow2" },
      { file: disk, format, ...(more === undefined ? {} : { options: more }) },
      locked,
    );
    return disk;
  };
  await makeImageFile(file, c, convert, { from: await recordedDigest(image.file) });
  return file;
}
