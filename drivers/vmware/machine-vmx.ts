import { basename } from "node:path";
import type { Hardware, MachineImage } from "../../src/contract/driver.ts";
import type { HostContext } from "../../src/contract/host.ts";
import { ignitionConfig, noCloudFiles, type SeedInput } from "../vm/seed.ts";
import type { MachineFiles } from "./machine-file.ts";
import { type Vmx, withValues } from "./vmx.ts";

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

/** The drive for volumes: it comes first, so that it is the guest's /dev/sr0. */
export const volumeDevice = "sata0:0";
const seedDevice = "sata0:1";

interface Wanted {
  readonly name: string;
  readonly arch: HostContext["arch"];
  readonly hardware: Hardware;
  readonly mac: string;
  /** From `guestInfo`. */
  readonly guestInfo: Readonly<Record<string, string>>;
  /** An ISO image with the seed beside the settings: cloud-init needs no VMware Tools to read it. */
  readonly seedDisc: boolean;
}

/**
 * All settings of a machine, in the order in which they are written. Files are named relative to the .vmx: the state folder may be moved. PCI
 * slots are fixed, so that the guest always finds its devices at the same places.
 */
export function machineVmx(
  { name, arch, hardware, mac, guestInfo, seedDisc }: Wanted,
  files: MachineFiles,
): Vmx {
  const { guestOs, firmware, controller, disk } = platforms[arch];
  return withValues(new Map(), {
    ".encoding": "UTF-8",
    "config.version": "8",
    // Workstation 17 and Fusion 13.
    "virtualHW.version": "20",
    "virtualHW.productCompatibility": "hosted",
    displayName: name,
    guestOS: guestOs,
    firmware,
    ...hardwareValues(hardware),
    // The guest does not need to run a hypervisor, and hosts without support for that would refuse to start.
    "vhv.enable": "FALSE",
    // Nobody is there to answer a question.
    "msg.autoanswer": "TRUE",
    "answer.msg.serial.file.open": "Append",
    "uuid.action": "keep",
    "powerType.powerOff": "soft",
    "powerType.powerOn": "soft",
    "powerType.suspend": "soft",
    "powerType.reset": "soft",
    "tools.syncTime": "TRUE",
    "hpet0.present": "TRUE",
    "floppy0.present": "FALSE",
    "hgfs.mapRootShare": "FALSE",
    "hgfs.linkRootShare": "FALSE",
    ...bridges,
    "vmci0.present": "TRUE",
    "vmci0.pciSlotNumber": "35",
    ...controller,
    [`${disk}.present`]: "TRUE",
    [`${disk}.fileName`]: basename(files.disk),
    "sata0.present": "TRUE",
    "sata0.pciSlotNumber": "36",
    ...disc(volumeDevice, files.volume, false),
    ...(seedDisc ? disc(seedDevice, files.seed, true) : {}),
    "ethernet0.present": "TRUE",
    "ethernet0.connectionType": "nat",
    "ethernet0.virtualDev": "vmxnet3",
    "ethernet0.addressType": "static",
    "ethernet0.address": mac,
    "ethernet0.wakeOnPcktRcv": "FALSE",
    "ethernet0.linkStatePropagation.enable": "TRUE",
    "ethernet0.pciSlotNumber": "192",
    "serial0.present": "TRUE",
    "serial0.fileType": "file",
    "serial0.fileName": basename(files.console),
    ...guestInfo,
  });
}

/** What `resize` changes. */
export const hardwareValues = ({ cpus, memoryMiB }: Hardware): Readonly<Record<string, string>> => ({
  // VMware accepts multiples of four.
  memsize: String(Math.floor(memoryMiB / 4) * 4),
  numvcpus: String(cpus),
});

const bridges: Readonly<Record<string, string>> = {
  "pciBridge0.present": "TRUE",
  "pciBridge0.pciSlotNumber": "17",
  ...Object.fromEntries(
    [4, 5, 6, 7].flatMap((number) => [
      [`pciBridge${number}.present`, "TRUE"],
      [`pciBridge${number}.virtualDev`, "pcieRootPort"],
      [`pciBridge${number}.functions`, "8"],
      [`pciBridge${number}.pciSlotNumber`, String(17 + number)],
    ]),
  ),
};

const disc = (device: string, file: string, connected: boolean): Readonly<Record<string, string>> => ({
  [`${device}.present`]: "TRUE",
  [`${device}.deviceType`]: "cdrom-image",
  [`${device}.fileName`]: basename(file),
  [`${device}.autodetect`]: "FALSE",
  [`${device}.startConnected`]: connected ? "TRUE" : "FALSE",
});

/**
 * The seed as settings of the .vmx, which the guest reads through VMware's backdoor: for cloud-init's DataSourceVMware, or for Ignition.
 * Contains the private host key.
 */
export function guestInfo(
  input: SeedInput,
  firstBoot: NonNullable<MachineImage["firstBoot"]>,
): Readonly<Record<string, string>> {
  if (firstBoot === "ignition") return encoded("guestinfo.ignition.config.data", ignitionConfig(input));
  const files = new Map(noCloudFiles(input).map(({ name, content }) => [name, content]));
  const metadata = JSON.parse(files.get("meta-data") ?? "{}") as object;
  const network = base64(files.get("network-config") ?? "");
  return {
    ...encoded("guestinfo.metadata", JSON.stringify({ ...metadata, network, "network.encoding": "base64" })),
    ...encoded("guestinfo.userdata", files.get("user-data") ?? ""),
  };
}

const encoded = (name: string, text: string): Readonly<Record<string, string>> => ({
  [name]: base64(text),
  [`${name}.encoding`]: "base64",
});

const base64 = (text: string): string => Buffer.from(text).toString("base64");
