import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { MachineImage } from "../../../contract/driver.ts";
import type { HostContext, RunContext } from "../../../contract/host.ts";
import type { BuiltImage } from "../../../host/image-file/image-record.ts";
import { makeImageFile } from "../../../host/image-file/make-image-file.ts";
import { defaultRuntimeName } from "../../../runtimes/registry.ts";
import { assertSpace } from "../assert-space.ts";
import { assembleDisk } from "./assemble-disk.ts";
import { buildDiskRoot } from "./build-disk-root.ts";
import { diskKey } from "./disk-recipe.ts";
import { unpackRoot } from "./unpack-root.ts";

const consoles = { amd64: "ttyS0", arm64: "ttyAMA0" } as const;

/** A disk with the packages of one container runtime. */
export interface DebianDisk extends MachineImage {
  readonly runtime: string;
}

/** Where the disk image is or will be, with the kernel and initramfs of its first boot; the key covers everything that decides its content. */
export async function builtDiskImage(host: HostContext, runtime = defaultRuntimeName): Promise<DebianDisk> {
  const key = await diskKey(host.arch, runtime);
  const base = join(host.cacheDir, "images", `disk-${key}`);
  return {
    kind: "disk",
    runtime,
    key,
    file: `${base}.qcow2`,
    firstBoot: "cloud-init",
    kernel: {
      file: `${base}.vmlinuz`,
      initramfs: `${base}.initrd`,
      commandLine: `root=LABEL=localkube-root ro console=${consoles[host.arch]} net.ifnames=0 quiet`,
    },
  };
}

/**
 * Builds the disk of a virtual machine once per content key, from the Debian archive alone: root file system by mmdebstrap, ext4 by
 * `mke2fs -d`, GPT with boot files for BIOS and UEFI; nothing is mounted, so it works without root too. About 90 s with a near archive, 6
 * GiB of temporary space that is mostly holes. A second localkube waits for the first one's result; a killed build leaves a `.partial`
 * folder, which the next one removes. `again` builds one that takes the present one's place. Errors as `buildRootfsImage`, and HOST_COMMAND_FAILED of the tools.
 */
export async function buildDiskImage(image: DebianDisk, c: RunContext, again = false): Promise<void> {
  const make = async (folder: string, locked: RunContext): Promise<BuiltImage> => {
    await assertSpace(dirname(folder), locked.host);
    await mkdir(folder, { mode: 0o755 });
    const tar = join(folder, "root.tar");
    await buildDiskRoot(tar, locked, image.runtime);
    const parts = await unpackRoot(tar, folder, locked);
    const file = await assembleDisk(parts, folder, locked);
    if (!image.kernel) return { file };
    return {
      file,
      beside: { [image.kernel.file]: parts.kernel, [image.kernel.initramfs]: parts.initramfs },
    };
  };
  await makeImageFile(image.file, c, make, { beside: filesBeside(image), again });
}

/** A disk's kernel and initramfs, without which a driver that loads them cannot use it. */
export const filesBeside = ({ kernel }: MachineImage): readonly string[] =>
  kernel ? [kernel.file, kernel.initramfs] : [];
