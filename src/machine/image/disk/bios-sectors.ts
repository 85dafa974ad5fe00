import { sector } from "./disk-layout.ts";

/** Code of the boot sector; what follows is the partition table's. */
const bootCode = 440;
/** Fields of GRUB's boot.img and diskboot.img (include/grub/i386/pc/boot.h and kernel.h). */
const fields = { kernelSector: 0x5c, driveCheck: 0x66, firstBlock: sector - 12 } as const;
const coreSegment = 0x820;
/** Two NOPs in place of the jump that trusts the BIOS to say which drive it booted from. */
const noJump = 0x9090;

/**
 * What `grub-bios-setup` would write for a contiguous core image from `start` on: the boot sector knows where the core begins,
 * the core's first sector where the rest of it is. Throws when the core does not fit its partition.
 */
export function biosSectors(
  bootImage: Buffer,
  coreImage: Buffer,
  start: number,
  limit = 2048,
): { readonly boot: Buffer; readonly core: Buffer } {
  const sectors = Math.ceil(coreImage.length / sector);
  if (sectors > limit) throw new Error(`GRUB's core image has ${sectors} sectors, its partition ${limit}`);
  const boot = Buffer.from(bootImage.subarray(0, bootCode));
  boot.writeBigUInt64LE(BigInt(start), fields.kernelSector);
  boot.writeUInt16LE(noJump, fields.driveCheck);
  const core = Buffer.from(coreImage);
  core.writeBigUInt64LE(BigInt(start + 1), fields.firstBlock);
  core.writeUInt16LE(sectors - 1, fields.firstBlock + 8);
  core.writeUInt16LE(coreSegment, fields.firstBlock + 10);
  return { boot, core };
}
