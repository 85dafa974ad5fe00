import { platforms } from "./platform.ts";
import type { Accelerator } from "./accelerator.ts";
import type { HostContext } from "../../src/contract/host.ts";
import type { MachineFile, MachineFiles } from "./machine-file.ts";
import { guestAddress } from "../vm/guest-network.ts";

export const diskNode = "disk";
export const volumeDrive = "volume";
/** API server and sshd in the guest. */
const guestPorts = { ssh: 22, api: 6443 } as const;

export interface Launch {
  readonly arch: HostContext["arch"];
  readonly accelerator: Accelerator;
  /** Firmware file, where the platform needs one. */
  readonly firmware?: string;
  /** Snapshot to continue from; the guest then waits for `cont`. */
  readonly load?: string;
}

/** QEMU's whole command line. It contains no secret: keys are in the seed file. Commas in file names are doubled, as QEMU requires. */
export function commandLine(
  machine: MachineFile,
  files: MachineFiles,
  launch: Launch,
): readonly [string, ...string[]] {
  const { ref, hardware, interfaces, nodeNetwork, userNetwork, commandLine: append } = machine;
  const platform = platforms[launch.arch];
  const emulated = launch.accelerator.name === "tcg";
  const forwards = (["ssh", "api"] as const).map(
    (name) => `hostfwd=tcp:127.0.0.1:${ref.ports[name]}-${guestAddress(userNetwork)}:${guestPorts[name]}`,
  );
  return [
    platform.program,
    ...["-name", ref.name, "-nodefaults", "-no-user-config", "-display", "none"],
    ...["-machine", machine.machineType],
    ...["-accel", emulated ? "tcg,thread=multi,tb-size=512" : launch.accelerator.name],
    ...["-cpu", emulated ? platform.emulatedCpu : "host"],
    ...["-smp", String(hardware.cpus), "-m", `${hardware.memoryMiB}M`],
    ...(launch.firmware === undefined
      ? []
      : ["-drive", `if=pflash,format=raw,readonly=on,file=${plain(launch.firmware)}`]),
    ...(append === undefined
      ? []
      : [
          "-kernel",
          files.kernel,
          "-initrd",
          files.initramfs,
          "-append",
          [append, ...(emulated ? platform.emulatedKernelOptions : [])].join(" "),
        ]),
    ...["-blockdev", `driver=file,filename=${plain(files.disk)},node-name=disk-file,discard=unmap`],
    ...["-blockdev", `driver=qcow2,file=disk-file,node-name=${diskNode},discard=unmap,detect-zeroes=unmap`],
    ...["-device", `virtio-blk-pci,drive=${diskNode},bootindex=1,werror=stop,rerror=stop`],
    ...seedOptions(machine, files),
    ...["-device", "virtio-scsi-pci,id=scsi"],
    ...["-device", `scsi-cd,bus=scsi.0,id=${volumeDrive}`],
    ...["-netdev", ["user,id=user", `net=${userNetwork}`, ...forwards].join(",")],
    ...["-device", `virtio-net-pci,netdev=user,mac=${interfaces[0]?.mac ?? ""}`],
    // Frames of the node network are sent to whoever joined the group on this host's loopback; machines of one cluster share it.
    ...["-netdev", `socket,id=nodes,mcast=${nodeNetwork.group}:${nodeNetwork.port},localaddr=127.0.0.1`],
    ...["-device", `virtio-net-pci,netdev=nodes,mac=${interfaces[1]?.mac ?? ""}`],
    ...["-device", "virtio-rng-pci", "-device", "virtio-balloon-pci,free-page-reporting=on"],
    ...["-rtc", "base=utc"],
    ...["-chardev", `file,id=console,path=${plain(files.console)},append=on`, "-serial", "chardev:console"],
    ...["-qmp", `unix:${plain(files.socket)},server=on,wait=off`],
    ...(launch.load === undefined ? [] : ["-S", "-loadvm", launch.load]),
    // Second to last: qemuProcess() finds the machine by it.
    ...["-pidfile", files.pid, "-daemonize"],
  ];
}

const seedOptions = ({ firstBoot }: MachineFile, { seed }: MachineFiles): readonly string[] =>
  firstBoot === "ignition"
    ? ["-fw_cfg", `name=opt/org.flatcar-linux/config,file=${plain(seed)}`]
    : [
        ...["-blockdev", `driver=file,filename=${plain(seed)},node-name=seed,read-only=on`],
        ...["-device", "virtio-blk-pci,drive=seed"],
      ];

const plain = (file: string): string => file.replaceAll(",", ",,");
