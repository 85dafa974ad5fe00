// Stands for vmware-vdiskmanager: `-r SOURCE -t 0 TARGET` and `-x SIZE DISK`, as the driver calls it; anything else fails.
import { constants, copyFileSync, existsSync } from "node:fs";
import { correctDescriptor, growVmdk, openVmdk } from "./vmdk.ts";

function fail(text: string): never {
  console.log(text);
  process.exit(1);
}

const [, , , ...args] = process.argv;
try {
  if (args[0] === "-r" && args.length === 5 && args[2] === "-t" && args[3] === "0") {
    const [, source = "", , , target = ""] = args;
    openVmdk(source);
    if (existsSync(target)) fail(`Failed to convert disk: The file already exists (0x27).`);
    copyFileSync(source, target, constants.COPYFILE_FICLONE);
    correctDescriptor(target);
    console.log(`Creating disk '${target}'\n  Convert: 100% done.\nVirtual disk conversion successful.`);
  } else if (args[0] === "-x" && args.length === 3) {
    const [, size = "", disk = ""] = args;
    const gib = Number(/^(\d+)GB$/.exec(size)?.[1] ?? fail(`Invalid size: ${size}`));
    if (existsSync(`${disk}.lck`)) fail("Failed to expand the disk: Failed to lock the file (0x4000003ff).");
    growVmdk(disk, gib * 2 ** 21);
    console.log(
      "  Grow: 100% done.\nDisk expansion completed successfully.\n\nWARNING: If the virtual disk is partitioned, you must extend the size of the\nlast partition.",
    );
  } else
    fail(
      `VMware Virtual Disk Manager - build 0.\nUsage: vmware-vdiskmanager OPTIONS <disk-name>\nwas given: ${args.join(" ")}`,
    );
} catch (error) {
  fail(`Failed to open the disk: ${(error as Error).message}`);
}
