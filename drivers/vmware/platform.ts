import type { HostContext } from "../../src/contract/host.ts";

/** What differs between processor architectures, as data. */
interface Platform {
  readonly guestOs: string;
  readonly firmware: "bios" | "efi";
  /** Settings of the disk's controller; our image's initramfs has its driver. */
  readonly controller: Readonly<Record<string, string>>;
  /** Prefix of the disk's settings. */
  readonly disk: string;
}

export const platforms: Readonly<Record<HostContext["arch"], Platform>> = {
  amd64: {
    guestOs: "other5xlinux-64",
    firmware: "bios",
    controller: { "scsi0.present": "TRUE", "scsi0.virtualDev": "pvscsi", "scsi0.pciSlotNumber": "160" },
    disk: "scsi0:0",
  },
  arm64: {
    guestOs: "arm-other5xlinux-64",
    firmware: "efi",
    controller: { "nvme0.present": "TRUE", "nvme0.pciSlotNumber": "160" },
    disk: "nvme0:0",
  },
};
