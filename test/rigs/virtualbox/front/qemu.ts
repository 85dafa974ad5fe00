import { readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { accelerator } from "../../../../drivers/qemu/accelerator.ts";
import { platforms } from "../../../../drivers/qemu/platform.ts";
import { openQmp, type Qmp, runJob } from "../../../../drivers/qemu/qmp.ts";
import { hostContext } from "../../../../src/host/host-context.ts";
import { emulatedCpu } from "../../emulated-cpu.ts";
import { mustRun, placeOf, Refusal } from "./world.ts";

const memoryTag = "memory";
const exitMs = 20_000;
const signal = AbortSignal.timeout(300_000);

/** Starts QEMU with what is registered; `wake`: it goes on from the memory in its disk. */
export async function launch(id: string, info: ReadonlyMap<string, string>, wake: boolean): Promise<void> {
  const { overlay, pid, socket } = placeOf(id);
  const host = hostContext();
  const { program } = platforms[host.arch];
  const accel = await accelerator(host);
  const of = (key: string): string => info.get(key) ?? "";
  const file = (name: string): string => name.replaceAll(",", ",,");
  const card = (n: number): string => (of(`nictype${n}`) === "virtio" ? "virtio-net-pci" : "e1000");
  const mac = (n: number): string => (of(`macaddress${n}`).match(/../g) ?? []).join(":");
  const forwards = [...info]
    .filter(([key]) => key.startsWith("Forwarding("))
    .map(([, rule]) => {
      const [, protocol, hostIp, hostPort, guestIp, guestPort] = rule.split(",");
      return `,hostfwd=${protocol}:${hostIp}:${hostPort}-${guestIp}:${guestPort}`;
    });
  const [, serial] = /^file,(.*)$/.exec(of("uartmode1")) ?? [];
  await rm(socket, { force: true });
  mustRun(
    program,
    ...["-name", of("name"), "-nodefaults", "-display", "none", "-machine", "q35"],
    ...["-accel", accel.name === "tcg" ? "tcg,thread=multi,tb-size=512" : accel.name],
    ...["-cpu", accel.name === "tcg" ? emulatedCpu : "host", "-smp", of("cpus"), "-m", `${of("memory")}M`],
    ...["-blockdev", `driver=file,filename=${file(overlay)},node-name=disk-file`],
    ...["-blockdev", "driver=qcow2,file=disk-file,node-name=disk"],
    ...["-device", "ide-hd,bus=ide.0,drive=disk,bootindex=1", "-device", "ide-cd,bus=ide.1,id=drive"],
    ...disc("seed", of("SATA-2-0"), "ide.2"),
    ...["-netdev", `user,id=nat,net=${of("natnet1")}${forwards.join("")}`],
    ...["-device", `${card(1)},netdev=nat,mac=${mac(1)}`],
    ...["-netdev", "socket,id=hostonly,mcast=239.192.56.1:30999,localaddr=127.0.0.1"],
    ...["-device", `${card(2)},netdev=hostonly,mac=${mac(2)}`],
    ...["-device", "virtio-rng-pci", "-rtc", of("rtcuseutc") === "on" ? "base=utc" : "base=localtime"],
    ...(serial === undefined ? [] : ["-serial", `file:${serial}`]),
    ...["-qmp", `unix:${file(socket)},server=on,wait=off`],
    ...(wake ? ["-S", "-loadvm", memoryTag] : []),
    ...["-pidfile", pid, "-daemonize"],
  );
  await withQmp(id, async (qmp) => {
    if (of("SATA-1-0").startsWith("/")) await insert(qmp, of("SATA-1-0"));
    if (!wake) return;
    await qmp.execute("cont");
    await runJob(qmp, "snapshot-delete", { tag: memoryTag, devices: ["disk"] }, signal);
  });
}

const disc = (node: string, file: string, bus: string): readonly string[] =>
  file.startsWith("/")
    ? [
        ...["-blockdev", `driver=file,filename=${file.replaceAll(",", ",,")},node-name=${node},read-only=on`],
        ...["-device", `ide-cd,bus=${bus},drive=${node}`],
      ]
    : [];

export const insert = (qmp: Qmp, filename: string): Promise<unknown> =>
  qmp.execute("blockdev-change-medium", {
    id: "drive",
    filename,
    format: "raw",
    "read-only-mode": "read-only",
    force: true,
  });

/** Memory and devices go into the overlay, and QEMU ends. */
export async function saveAndQuit(id: string): Promise<void> {
  await withQmp(id, async (qmp) => {
    await qmp.execute("stop");
    await runJob(qmp, "snapshot-save", { tag: memoryTag, vmstate: "disk", devices: ["disk"] }, signal);
  });
  await quit(id);
}

export const dropMemory = (id: string): void =>
  mustRun("qemu-img", "snapshot", "-d", memoryTag, placeOf(id).overlay);

export async function quit(id: string): Promise<void> {
  await withQmp(id, (qmp) => qmp.execute("quit")).catch(() => undefined);
  const deadline = performance.now() + exitMs;
  while (isRunning(id)) {
    if (performance.now() > deadline) throw new Refusal("the front's QEMU does not end");
    await sleep(50);
  }
}

export async function withQmp<T>(id: string, work: (qmp: Qmp) => Promise<T>): Promise<T> {
  const qmp = await openQmp(placeOf(id).socket, signal);
  if (!qmp) throw new Refusal("the front's QEMU does not listen");
  try {
    return await work(qmp);
  } finally {
    qmp.close();
  }
}

function isRunning(id: string): boolean {
  try {
    const pid = readFileSync(placeOf(id).pid, "utf8").trim();
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(placeOf(id).place);
  } catch {
    return false;
  }
}

/** VirtualBox' word for QEMU's. */
const states: Readonly<Record<string, string>> = {
  running: "running",
  paused: "paused",
  prelaunch: "starting",
  "restore-vm": "restoring",
  "save-vm": "saving",
  shutdown: "stopping",
};

/** `VMState`; undefined when the real VirtualBox knows it. */
export async function stateOf(id: string, saved: boolean): Promise<string | undefined> {
  if (!isRunning(id)) return saved ? "saved" : undefined;
  try {
    const { status } = await withQmp(id, (qmp) => qmp.execute<{ status: string }>("query-status"));
    return states[status] ?? "gurumeditation";
  } catch (error) {
    if (isRunning(id)) throw error;
    return saved ? "saved" : undefined;
  }
}
