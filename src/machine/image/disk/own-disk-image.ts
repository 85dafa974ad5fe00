import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { MachineImage } from "../../../contract/driver.ts";
import { LocalkubeError } from "../../../contract/errors/localkube-error.ts";
import type { HostContext, RunContext } from "../../../contract/host.ts";
import { convertDisk } from "../../../host/image-file/convert-disk.ts";
import { makeImageFile } from "../../../host/image-file/make-image-file.ts";

/** What `qemu-img convert` reads that hypervisors write; by the name that `qemu-img info` gives it. */
const formats = ["qcow2", "raw", "vdi", "vmdk", "vhdx", "vpc"];

/** What of `qemu-img info --output=json` counts. */
interface Info {
  readonly format: string;
  readonly "backing-filename"?: string;
  readonly "format-specific"?: {
    readonly data?: { readonly "data-file"?: string; readonly extents?: readonly { filename: string }[] };
  };
}

/**
 * Where the qcow2 of a user's own image is or will be. Told apart by the file's place, size and time, for its digest would cost seconds at each
 * start; one that is gone keeps a key of its own, for a machine that is made already needs it no more.
 */
export async function ownDiskImage(file: string, host: HostContext): Promise<MachineImage> {
  const { size, mtimeMs } = await stat(file).catch(() => ({ size: 0, mtimeMs: 0 }));
  const key = createHash("sha256")
    .update(JSON.stringify([file, size, mtimeMs]))
    .digest("hex")
    .slice(0, 16);
  const image = join(host.cacheDir, "images", `own-${key}.qcow2`);
  return { kind: "disk", key, file: image, firstBoot: "cloud-init" };
}

/**
 * Converts it once; the user's file is only read. Rejects with IMAGE_UNUSABLE for what is no image, and for one that names other files: a disk
 * from somewhere must not bring this host's files into the machine.
 */
export async function convertDiskImage(own: string, image: MachineImage, c: RunContext): Promise<void> {
  await makeImageFile(image.file, c, async (partial, locked) => {
    const format = await usableFormat(own, locked);
    await convertDisk({ file: own, format }, { file: partial, format: "qcow2" }, locked);
    return partial;
  });
}

async function usableFormat(own: string, { host, signal }: RunContext): Promise<string> {
  const unusable = (problem: string): LocalkubeError =>
    new LocalkubeError("IMAGE_UNUSABLE", { file: own, problem });
  const found = await stat(own).catch(() => undefined);
  if (!found?.isFile()) throw unusable(found ? "it is no file" : "it is not there");
  const { stdout, stderr, exitCode } = await host.run(["qemu-img", "info", "--output=json", own], {
    signal,
    timeoutMs: 60_000,
    allowFailure: true,
  });
  if (exitCode !== 0) throw unusable(stderr.trim());
  const info = JSON.parse(stdout) as Info;
  if (!formats.includes(info.format))
    throw unusable(`its format ${info.format} is none of ${formats.join(", ")}`);
  const { "data-file": dataFile, extents = [] } = info["format-specific"]?.data ?? {};
  const others = [info["backing-filename"], dataFile, ...extents.map(({ filename }) => filename)];
  const other = others.find((name) => name !== undefined && name !== own);
  if (other !== undefined)
    throw unusable(`it needs another file, ${other}; convert it into one: qemu-img convert`);
  return info.format;
}
