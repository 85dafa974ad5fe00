import type { HostContext } from "../../src/contract/host.ts";
import { guestAddress, macAddress } from "../vm/guest-network.ts";
import type { HostOnlyNetwork, MachinePlan } from "./machine-file.ts";
import { atLeast, type Version } from "./installation.ts";

/** sshd and API server in the guest. */
const guestPorts = { ssh: 22, api: 6443 } as const;
const firmwareVariable = "LOCALKUBE_VIRTUALBOX_FIRMWARE";

/** The controller of all disks, and its ports; the drive comes before the seed, so that it is the guest's /dev/sr0. */
export const storage = { controller: "SATA", disk: 0, drive: 1, seed: 2, ports: 3 } as const;

export interface MachineShape extends MachinePlan {
  readonly name: string;
  readonly cpus: number;
  readonly memoryMiB: number;
  /** Folder of all machines and the console log, as paths for VBoxManage. */
  readonly baseFolder: string;
  readonly console: string;
}

type Host = Pick<HostContext, "arch" | "env">;

/** `createvm`: from 7.1 with the platform, which older versions do not know. */
export const createArguments = (
  { name, id, baseFolder }: MachineShape,
  version: Version,
  { arch }: Host,
): readonly string[] => [
  ...["createvm", "--name", name, "--uuid", id, "--basefolder", baseFolder],
  ...["--ostype", arch === "arm64" ? "Linux_arm64" : "Linux26_64"],
  ...(atLeast(version, "7.1") ? ["--platform-architecture", arch === "arm64" ? "arm" : "x86"] : []),
  "--register",
];

/**
 * `modifyvm` with everything but disks, by id. Old spellings (`--nictype1`), which all versions from 6.1 to 7.2 know. ARM machines have no
 * BIOS, no such paging and no such ports: options that apply only to PCs are omitted there.
 */
export function modifyArguments(
  shape: MachineShape,
  version: Version,
  { arch, env }: Host,
): readonly string[] {
  const { id, cpus, memoryMiB, name, userNetwork, hostOnly, ports, console: log } = shape;
  const efi = env[firmwareVariable] === "efi";
  const mac = (index: number): string => macAddress(name, index).replaceAll(":", "");
  const pc = [
    ...["--firmware", efi ? "efi64" : "bios", "--graphicscontroller", "vmsvga", "--vram", "16"],
    ...["--bioslogofadein", "off", "--bioslogofadeout", "off", "--bioslogodisplaytime", "0"],
    ...["--biosbootmenu", "disabled", "--pae", "on", "--hpet", "on", "--hwvirtex", "on"],
    ...["--nestedpaging", "on", "--largepages", "on", "--vtxvpid", "on"],
    // The guest's kernel supports KVM's clock and spin locks; VirtualBox provides that interface.
    ...["--paravirtprovider", "kvm"],
    ...["--uart1", "0x3F8", "4", "--uartmode1", "file", log],
  ];
  const arm = ["--chipset", "armv8virtual", "--firmware", "efi64", "--graphicscontroller", "qemuramfb"];
  return [
    ...["modifyvm", id, "--cpus", String(cpus), "--memory", String(memoryMiB)],
    ...["--acpi", "on", "--ioapic", "on", "--rtcuseutc", "on"],
    ...(arch === "arm64" ? arm : pc),
    ...["--boot1", "disk", "--boot2", "none", "--boot3", "none", "--boot4", "none"],
    ...(atLeast(version, "7.0") ? ["--audio-enabled", "off"] : ["--audio", "none"]),
    ...["--vrde", "off"],
    ...["--nic1", "nat", "--nictype1", "virtio", "--cableconnected1", "on", "--macaddress1", mac(0)],
    ...["--natnet1", userNetwork, "--natdnsproxy1", "on", "--natdnshostresolver1", "off"],
    // From 7.0 guests reach services on the host's loopback only when this is enabled; ours do not need them.
    ...(atLeast(version, "7.0") ? ["--natlocalhostreachable1", "off"] : []),
    ...hostOnlyArguments(hostOnly),
    ...["--nictype2", "virtio", "--nicpromisc2", "deny", "--cableconnected2", "on", "--macaddress2", mac(1)],
    ...(["ssh", "api"] as const).flatMap((port) => [
      "--natpf1",
      `${port},tcp,127.0.0.1,${ports[port]},${guestAddress(userNetwork)},${guestPorts[port]}`,
    ]),
  ];
}

export const hostOnlyArguments = ({ kind, name }: HostOnlyNetwork): readonly string[] =>
  kind === "net"
    ? ["--nic2", "hostonlynet", "--host-only-net2", name]
    : ["--nic2", "hostonly", "--hostonlyadapter2", name];
