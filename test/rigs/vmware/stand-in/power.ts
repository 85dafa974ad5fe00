import { randomUUID } from "node:crypto";
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import { accelerator } from "../../../../drivers/qemu/accelerator.ts";
import { runJob } from "../../../../drivers/qemu/qmp.ts";
import { hostContext } from "../../../../src/host/host-context.ts";
import { runCommand } from "../../../../src/host/run-command.ts";
import { emulatedCpu } from "../../emulated-cpu.ts";
import { checkVmx } from "./check-vmx.ts";
import { type Dictionary, formatDictionary, parseDictionary } from "./dictionary.ts";
import type { Rig } from "./rig.ts";
import { entryFolder, gone, log, type RunEntry, running, withMonitor, writeEntry } from "./run-time.ts";
import { openVmdk } from "./vmdk.ts";

/** What the machine runs from, read from its VMDK at its first start: QEMU saves no memory while a VMDK is open, not even below another disk. */
export const runDiskOf = (vmx: string): string => join(dirname(vmx), "rig-disk.qcow2");
export const diskNode = "disk";
export const savedTag = "vmss";

export const readVmx = (vmx: string): Dictionary => parseDictionary(readFileSync(vmx, "utf8"));
export const writeVmx = (vmx: string, values: Dictionary): void =>
  writeFileSync(vmx, formatDictionary(values));

export async function start(rig: Rig, vmx: string, how: string): Promise<void> {
  if (how !== "nogui") throw new Error("there is no display");
  if ((await running(rig)).some((entry) => entry.vmx === vmx)) return;
  const folder = dirname(vmx);
  const values = readVmx(vmx);
  let address: string;
  try {
    address = checkVmx(values, folder, rig);
  } catch (error) {
    log(vmx, `DICT guestinfo.userdata = "${values.get("guestinfo.userdata") ?? ""}"`);
    log(vmx, `Msg_Post: Error: ${(error as Error).message}`);
    throw new Error("Unknown error", { cause: error });
  }
  if (!values.has("uuid.bios")) values.set("uuid.bios", randomUUID());
  const disk = join(folder, values.get("scsi0:0.fileName") ?? "");
  await prepareDisk(vmx, disk);
  const state = values.get("checkpoint.vmState") ?? "";
  const load = state === "" ? [] : ["-loadvm", state.endsWith(".vmss") ? savedTag : state];
  const own = entryFolder(rig, vmx);
  mkdirSync(own, { recursive: true });
  const tap = `lkt${own.slice(-9)}`;
  const entry = { vmx, socket: join(own, "qmp.sock"), tap, lock: `${disk}.lck`, address };
  await runCommand(["ip", "link", "del", tap], { allowFailure: true });
  await runCommand(["ip", "tuntap", "add", tap, "mode", "tap"]);
  await runCommand(["ip", "link", "set", tap, "master", rig.bridge, "up"]);
  mkdirSync(entry.lock, { recursive: true });
  const pidFile = join(own, "vmware.pid");
  await runCommand([...(await commandLine(values, vmx, entry)), "-pidfile", pidFile, ...load], {
    timeoutMs: 170_000,
  });
  const started = { ...entry, pid: Number(readFileSync(pidFile, "utf8")) };
  writeEntry(rig, started);
  if (state !== "") await forgetMemory(vmx, values, started);
  writeVmx(vmx, values);
  writeLease(rig, values.get("ethernet0.address") ?? "", address);
}

async function prepareDisk(vmx: string, disk: string): Promise<void> {
  const copy = runDiskOf(vmx);
  if (!existsSync(copy))
    await runCommand(["qemu-img", "convert", "-q", "-f", "vmdk", "-O", "qcow2", disk, copy], {
      timeoutMs: 160_000,
    });
  const bytes = openVmdk(disk).capacity * 512;
  const { stdout } = await runCommand(["qemu-img", "info", "-f", "qcow2", "--output=json", copy]);
  if ((JSON.parse(stdout) as { "virtual-size": number })["virtual-size"] < bytes)
    await runCommand(["qemu-img", "resize", "-q", "-f", "qcow2", copy, String(bytes)]);
}

async function commandLine(
  values: Dictionary,
  vmx: string,
  { socket, tap }: Pick<RunEntry, "socket" | "tap">,
): Promise<[string, ...string[]]> {
  const of = (name: string): string => values.get(name) ?? "";
  const at = (name: string): string => join(dirname(vmx), of(name)).replaceAll(",", ",,");
  const { name: accel } = await accelerator(hostContext());
  const cpu =
    accel === "tcg"
      ? ["-accel", "tcg,thread=multi,tb-size=512", "-cpu", emulatedCpu]
      : ["-accel", accel, "-cpu", "host"];
  const discs = [0, 1].flatMap((port) => {
    if (of(`sata0:${port}.present`) !== "TRUE") return [];
    const drive = of(`sata0:${port}.startConnected`) === "TRUE" ? `,drive=disc${port}` : "";
    return [
      ...(drive
        ? [
            "-blockdev",
            `driver=file,filename=${at(`sata0:${port}.fileName`)},node-name=disc${port},read-only=on`,
          ]
        : []),
      ...["-device", `ide-cd,bus=ide.${port},id=sata0-${port}${drive}`],
    ];
  });
  return [
    ...(["qemu-system-x86_64", "-name", `vmware-${of("displayName")}`] as const),
    ...["-machine", "q35", "-nodefaults", "-no-user-config", "-display", "none", ...cpu],
    ...["-m", `${of("memsize")}M`, "-smp", of("numvcpus")],
    ...[
      "-smbios",
      `type=1,manufacturer=VMware\\, Inc.,product=VMware Virtual Platform,uuid=${of("uuid.bios")}`.replace(
        "\\,",
        ",,",
      ),
    ],
    ...["-blockdev", `driver=file,filename=${runDiskOf(vmx).replaceAll(",", ",,")},node-name=disk-file`],
    ...["-blockdev", `driver=qcow2,file=disk-file,node-name=${diskNode}`],
    ...["-device", "pvscsi,id=scsi0", "-device", `scsi-hd,drive=${diskNode},bus=scsi0.0,bootindex=1`],
    ...discs,
    ...["-netdev", `tap,id=vmnet8,ifname=${tap},script=no,downscript=no`],
    ...["-device", `vmxnet3,netdev=vmnet8,mac=${of("ethernet0.address")}`],
    ...["-device", "virtio-rng-pci", "-rtc", "base=utc"],
    ...["-chardev", `file,id=console,path=${at("serial0.fileName")},append=on`, "-serial", "chardev:console"],
    ...["-qmp", `unix:${socket},server=on,wait=off`, "-daemonize"],
  ];
}

/** Memory of a suspension counts once; a snapshot's stays the snapshot's. */
async function forgetMemory(vmx: string, values: Dictionary, entry: RunEntry): Promise<void> {
  const state = values.get("checkpoint.vmState") ?? "";
  values.set("checkpoint.vmState", "");
  values.delete("checkpoint.vmState.readOnly");
  await withMonitor(entry, async (qmp, signal) => {
    await qmp.execute("cont");
    if (state.endsWith(".vmss"))
      await runJob(qmp, "snapshot-delete", { tag: savedTag, devices: [diskNode] }, signal);
  });
  if (state.endsWith(".vmss")) rmSync(join(dirname(vmx), state));
}

function writeLease({ root }: Rig, mac: string, address: string): void {
  const time = (ms: number): string => {
    const date = new Date(ms);
    return `${date.getUTCDay()} ${date.toISOString().slice(0, 19).replaceAll("-", "/").replace("T", " ")}`;
  };
  appendFileSync(
    join(root, "etc/vmware/vmnet8/dhcpd/dhcpd.leases"),
    `lease ${address} {\n\tstarts ${time(Date.now())};\n\tends ${time(Date.now() + 1_800_000)};\n\thardware ethernet ${mac};\n}\n`,
  );
}

export async function stop(rig: Rig, entry: RunEntry, how: string): Promise<void> {
  if (how !== "soft" && how !== "hard") throw new Error(`Invalid argument: ${how}`);
  if (how === "soft") {
    if (!(await toolsAnswer(entry)))
      throw new Error(`The VMware Tools are not running in the virtual machine: ${entry.vmx}`);
    await withMonitor(entry, (qmp) => qmp.execute("system_powerdown"));
    if (await gone(rig, entry, 600_000)) return;
    throw new Error("The operation was canceled");
  }
  await withMonitor(entry, (qmp) => qmp.execute("quit")).catch(() => undefined);
  if (await gone(rig, entry, 3000)) return;
  process.kill(entry.pid, "SIGKILL");
  if (!(await gone(rig, entry, 3000))) throw new Error("Unknown error");
}

/** QEMU has no backdoor for the Tools: a guest that is as far as its sshd counts as one whose Tools run. */
export function toolsAnswer({ address }: RunEntry): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port: 22, timeout: 3000 });
    const end = (answer: boolean) => () => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("data", end(true)).once("error", end(false)).once("timeout", end(false));
  });
}

export async function suspend(rig: Rig, entry: RunEntry): Promise<void> {
  await withMonitor(entry, async (qmp, signal) => {
    await qmp.execute("stop");
    const job = { tag: savedTag, vmstate: diskNode, devices: [diskNode] };
    try {
      await runJob(qmp, "snapshot-save", job, signal);
    } catch (error) {
      await qmp.execute("cont");
      throw error;
    }
    const values = readVmx(entry.vmx);
    const state = `${values.get("displayName") ?? ""}.vmss`;
    writeFileSync(join(dirname(entry.vmx), state), "memory is in rig-disk.qcow2\n");
    writeVmx(entry.vmx, values.set("checkpoint.vmState", state));
    await qmp.execute("quit").catch(() => undefined);
  });
  if (!(await gone(rig, entry, 10_000))) throw new Error("Unknown error");
}
