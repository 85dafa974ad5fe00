import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Dictionary } from "./dictionary.ts";
import { openVmdk } from "./vmdk.ts";
import type { Rig } from "./rig.ts";

/** Every setting that may be there, with what it may say; those with `!` must be. What is not listed is a mistake. */
const settings: readonly (readonly [RegExp, RegExp])[] = Object.entries({
  "!\\.encoding": "UTF-8",
  "!config\\.version": "8",
  "!virtualHW\\.version": "1[6-9]|2[0-2]",
  "!virtualHW\\.productCompatibility": "hosted",
  "!displayName": ".+",
  "!guestOS": "(?:debian1[12]|other[3-6]xlinux)-64",
  "!firmware": "bios|efi",
  "!memsize": "[1-9]\\d*",
  "!numvcpus": "[1-9]\\d?",
  "vhv\\.enable": "FALSE",
  "!msg\\.autoanswer": "TRUE",
  "!answer\\.msg\\.serial\\.file\\.open": "Append|Replace",
  "!uuid\\.action": "keep|create",
  "powerType\\.(?:powerOff|powerOn|suspend|reset)": "soft|hard",
  "tools\\.syncTime": "TRUE|FALSE",
  "hpet0\\.present": "TRUE",
  "!floppy0\\.present": "FALSE",
  "hgfs\\.(?:mapRootShare|linkRootShare)": "FALSE",
  "!pciBridge0\\.present": "TRUE",
  "pciBridge[4-7]\\.present": "TRUE",
  "pciBridge[4-7]\\.virtualDev": "pcieRootPort",
  "pciBridge[4-7]\\.functions": "8",
  "(?:pciBridge[4-7]|vmci0)\\.pciSlotNumber": "\\d+",
  "!pciBridge0\\.pciSlotNumber": "17",
  "!sata0\\.pciSlotNumber": "\\d+",
  "!scsi0\\.pciSlotNumber": "\\d+",
  "vmci0\\.present": "TRUE",
  "!scsi0\\.present": "TRUE",
  "!scsi0\\.virtualDev": "pvscsi",
  "!scsi0:0\\.present": "TRUE",
  "!scsi0:0\\.fileName": "[^/\\\\]+\\.vmdk",
  "!sata0\\.present": "TRUE",
  "sata0:[01]\\.present": "TRUE",
  "sata0:[01]\\.deviceType": "cdrom-image",
  "sata0:[01]\\.fileName": "[^/\\\\]+\\.iso",
  "sata0:[01]\\.autodetect": "FALSE",
  "sata0:[01]\\.startConnected": "TRUE|FALSE",
  "!ethernet0\\.present": "TRUE",
  "!ethernet0\\.connectionType": "nat",
  "!ethernet0\\.virtualDev": "vmxnet3",
  "!ethernet0\\.addressType": "static",
  "!ethernet0\\.address": "00:50:56:[0-3][0-9a-f](?::[0-9a-f]{2}){2}",
  "ethernet0\\.wakeOnPcktRcv": "TRUE|FALSE",
  "ethernet0\\.linkStatePropagation\\.enable": "TRUE|FALSE",
  "!ethernet0\\.pciSlotNumber": "192",
  "!serial0\\.present": "TRUE",
  "!serial0\\.fileType": "file",
  "!serial0\\.fileName": "[^/\\\\]+",
  "!guestinfo\\.metadata": "[A-Za-z0-9+/]+=*",
  "!guestinfo\\.metadata\\.encoding": "base64",
  "!guestinfo\\.userdata": "[A-Za-z0-9+/]+=*",
  "!guestinfo\\.userdata\\.encoding": "base64",
  // VMware's own.
  "uuid\\.bios": ".+",
  "checkpoint\\.vmState": ".*",
  "checkpoint\\.vmState\\.readOnly": "TRUE|FALSE",
}).map(([name, value]) => [new RegExp(`^${name.replace("!", "(?:)")}$`), new RegExp(`^(?:${value})$`)]);
const required = settings.filter(([name]) => name.source.startsWith("^(?:)"));

/** What VMware would refuse, or ask a person about: throws with the setting's name. Returns the guest's address. */
export function checkVmx(vmx: Dictionary, folder: string, rig: Rig): string {
  for (const [name, value] of vmx) {
    const rule = settings.find(([names]) => names.test(name));
    if (!rule) throw new Error(`${name} is no setting`);
    if (!rule[1].test(value)) throw new Error(`${name} = "${value}" is not valid`);
  }
  for (const [names] of required)
    if (![...vmx.keys()].some((name) => names.test(name))) throw new Error(`${names.source} is missing`);
  if (Number(vmx.get("memsize")) % 4 !== 0) throw new Error("memsize is no multiple of 4");
  const slots = [...vmx].filter(([name]) => name.endsWith(".pciSlotNumber")).map(([, slot]) => slot);
  if (new Set(slots).size !== slots.length) throw new Error("two devices in one PCI slot");
  checkDisk(join(folder, vmx.get("scsi0:0.fileName") ?? ""));
  for (const device of ["sata0:0", "sata0:1"])
    if (
      vmx.get(`${device}.startConnected`) === "TRUE" &&
      !existsSync(join(folder, vmx.get(`${device}.fileName`) ?? ""))
    )
      throw new Error(`the file of ${device} is not there`);
  return checkGuestInfo(vmx, rig);
}

function checkDisk(file: string): void {
  const { extent, adapter } = openVmdk(file);
  if (!file.endsWith(`/${extent}`)) throw new Error(`${file} names ${extent} as its extent`);
  if (adapter !== "lsilogic") throw new Error(`${file} is for the adapter ${adapter}`);
}

function checkGuestInfo(vmx: Dictionary, { network }: Rig): string {
  const decoded = (text = ""): string => Buffer.from(text, "base64").toString("utf8");
  if (!decoded(vmx.get("guestinfo.userdata")).startsWith("#cloud-config\n"))
    throw new Error("the userdata is no cloud-config");
  const metadata = JSON.parse(decoded(vmx.get("guestinfo.metadata"))) as Record<string, string>;
  for (const name of ["instance-id", "local-hostname", "network"])
    if (!metadata[name]) throw new Error(`the metadata have no ${name}`);
  if (metadata["network.encoding"] !== "base64") throw new Error("the network is not encoded");
  const { ethernets } = JSON.parse(decoded(metadata["network"])) as { ethernets: { eth0: Ethernet } };
  return checkNetwork(ethernets.eth0, vmx.get("ethernet0.address") ?? "", network);
}

interface Ethernet {
  readonly match: { readonly macaddress: string };
  readonly addresses: readonly string[];
  readonly routes: readonly { readonly via: string }[];
}

function checkNetwork({ match, addresses, routes }: Ethernet, mac: string, network: string): string {
  if (match.macaddress !== mac) throw new Error("the network is another MAC's");
  const [address = "", prefix] = (addresses[0] ?? "").split("/");
  const last = Number(address.slice(network.length + 1));
  if (!address.startsWith(`${network}.`) || prefix !== "24" || last < 3 || last > 127)
    throw new Error(`${address} is not free for static use on vmnet8`);
  if (routes[0]?.via !== `${network}.2`) throw new Error("the gateway is not vmnet8's");
  return address;
}
