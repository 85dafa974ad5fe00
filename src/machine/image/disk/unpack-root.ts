import { access } from "node:fs/promises";
import { join } from "node:path";
import type { RunContext } from "../../../contract/host.ts";
import { diskFolder } from "./disk-recipe.ts";
import { rootMiB } from "./disk-layout.ts";

/** The parts a disk is assembled from: files on the host. */
export interface DiskParts {
  /** ext4 file system, `rootMiB` large, mostly holes. */
  readonly root: string;
  /** FAT file system with the boot loader for UEFI. */
  readonly esp: string;
  /** GRUB for BIOS; absent where machines have none (arm64). */
  readonly bios?: { readonly boot: string; readonly core: string };
  readonly kernel: string;
  readonly initramfs: string;
}

// Owners of the files are those of the tar, which only root of a user namespace (or root) can give; devices are left to the guest's devtmpfs.
const script = `
set -eu
mkdir "$2/root"
tar --extract --preserve-permissions --numeric-owner --exclude=./dev/* --directory "$2/root" --file "$1"
mv "$2"/root/boot/localkube/* "$2"
rmdir "$2/root/boot/localkube"
cp -L "$2/root/vmlinuz" "$2/vmlinuz"
cp -L "$2/root/initrd.img" "$2/initrd"
chmod 644 "$2/vmlinuz" "$2/initrd"
mke2fs -q -t ext4 -L localkube-root -m 1 -d "$2/root" "$2/root.ext4" "$3M"
rm -rf "$2/root" "$1"
`;

/** Splits a root file system's tar into the parts of a disk; removes the tar. */
export async function unpackRoot(tar: string, folder: string, c: RunContext): Promise<DiskParts> {
  c.report({ message: "making the file system" });
  const users = c.host.isRoot ? [] : (["unshare", "--user", "--map-auto", "--map-root-user", "--"] as const);
  const [program, ...args] = [...users, "sh", "-c", script, "sh", tar, folder, String(rootMiB)];
  await c.host.run([program, ...args], {
    signal: c.signal,
    timeoutMs: 600_000,
    env: { MKE2FS_CONFIG: join(diskFolder(), "mke2fs.conf") },
  });
  const bios = { boot: join(folder, "boot.img"), core: join(folder, "core.img") };
  const hasBios = await access(bios.core).then(
    () => true,
    () => false,
  );
  return {
    root: join(folder, "root.ext4"),
    esp: join(folder, "esp.img"),
    ...(hasBios ? { bios } : {}),
    kernel: join(folder, "vmlinuz"),
    initramfs: join(folder, "initrd"),
  };
}
