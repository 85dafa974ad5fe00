/** The layout of the disk, in sectors of 512 bytes. The root comes last: it grows with the disk. */
export const sector = 512;
export const layout = {
  bios: { start: 2048, size: 2048 },
  esp: { start: 4096, size: 32_768 },
  root: { start: 36_864 },
} as const;

const mebibyte = 1024 * 1024;
/** Room for the packages and a first boot; the guest grows it to `--disk-size`. */
export const diskMiB = 4096;
/** A megabyte at the end is for the copy of the partition table. */
export const rootMiB = diskMiB - (layout.root.start * sector) / mebibyte - 1;

/** Types are those of the UEFI specification, GRUB's manual and the Discoverable Partitions Specification (generic Linux data). */
export const sfdiskScript = (hasBios: boolean): string =>
  [
    "label: gpt",
    "unit: sectors",
    "first-lba: 2048",
    ...(hasBios
      ? [
          `start=${layout.bios.start}, size=${layout.bios.size}, type=21686148-6449-6E6F-744E-656564454649, name=bios`,
        ]
      : []),
    `start=${layout.esp.start}, size=${layout.esp.size}, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B, name=esp`,
    `start=${layout.root.start}, type=0FC63DAF-8483-4772-8E79-3D69D8477DE4, name=root`,
    "",
  ].join("\n");
