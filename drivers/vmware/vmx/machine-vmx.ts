import { basename } from "node:path";
import type { HostContext } from "../../../src/contract/host.ts";
import type { Hardware } from "../../../src/contract/driver.ts";
import type { MachineFiles } from "../machine-folder.ts";
import { platforms } from "../platform.ts";
import { type Vmx, withValues } from "./vmx-text.ts";

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
