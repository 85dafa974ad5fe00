import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { copyFile, link, mkdir, rm } from "node:fs/promises";
import type { MachineRef, MachineSpec } from "../../src/contract/driver.ts";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { RunContext } from "../../src/contract/host.ts";
import { choosePorts } from "../../src/host/choose-ports.ts";
import { writeSeed } from "../vm/seed.ts";
import {
  type MachineFile,
  type MachineFiles,
  machineFiles,
  machineNames,
  readMachine,
  writeMachine,
} from "./machine-file.ts";
import { createOnce } from "../vm/create-once.ts";
import { identityOf } from "../vm/machine-record.ts";
import { machineType } from "./platform.ts";
import { chooseNetworks } from "./networks.ts";
import { removeMachine } from "./remove-machine.ts";

/**
 * Creates the machine's folder with disk and seed; does not start it. Its description is written last, so a `create` killed at any point is
 * either found complete by the next one or cleaned up by it. Rejects with DRIVER_MACHINE_DIFFERS, DRIVER_CREATE_FAILED, DRIVER_NO_FREE_PORT,
 * DRIVER_NO_FREE_NETWORK or the signal's reason.
 */
export async function createMachine(spec: MachineSpec, c: RunContext): Promise<MachineRef> {
  const found = await readMachine(c.host, spec.name);
  return createOnce(spec, { driver: "qemu", found, remove: removeMachine, createFresh }, c);
}

async function createFresh(spec: MachineSpec, c: RunContext): Promise<MachineRef> {
  const { host, signal } = c;
  const files = machineFiles(host, spec.name);
  const others = (
    await Promise.all((await machineNames(host)).map((name) => readMachine(host, name)))
  ).flatMap((machine) => machine ?? []);
  await mkdir(files.folder, { recursive: true, mode: 0o700 });
  const networks = await chooseNetworks(spec, others, host);
  const portsOfOthers = new Set(others.flatMap(({ ref }) => Object.values(ref.ports)));
  const id = randomUUID();
  const ref: MachineRef = {
    driver: "qemu",
    name: spec.name,
    id,
    address: networks.address,
    addressReachable: false,
    ports: await choosePorts(spec.name, spec.ports, portsOfOthers),
    data: {},
  };
  const { firstBoot = "cloud-init", kernel } = spec.image;
  await makeDisk(spec, files, c);
  await writeSeed(
    files.seed,
    { ...spec, instanceId: id, interfaces: networks.interfaces },
    firstBoot,
    signal,
  );
  signal.throwIfAborted();
  const machine: MachineFile = {
    schema: 1,
    ref,
    hostname: spec.hostname,
    hardware: { cpus: spec.cpus, memoryMiB: spec.memoryMiB, diskGiB: spec.diskGiB },
    identity: identityOf(spec),
    machineType: await machineType(host),
    interfaces: networks.interfaces.map(({ name, mac }) => ({ name, mac })),
    cluster: spec.network.cluster,
    nodeNetwork: networks.nodeNetwork,
    userNetwork: networks.userNetwork,
    firstBoot,
    ...(kernel ? { commandLine: kernel.commandLine } : {}),
    ran: false,
    saved: false,
    snapshots: {},
  };
  await writeMachine(host, machine);
  return ref;
}

async function makeDisk({ image, diskGiB }: MachineSpec, files: MachineFiles, c: RunContext): Promise<void> {
  await take(image.file, files.base);
  if (image.kernel) {
    await take(image.kernel.file, files.kernel);
    await take(image.kernel.initramfs, files.initramfs);
  }
  const virtual = await virtualSize(files.base, c);
  if (virtual > diskGiB * 2 ** 30)
    throw new LocalkubeError("DRIVER_DISK_SMALL", { wanted: diskGiB, has: Math.ceil(virtual / 2 ** 30) });
  // A relative name: the state folder may be moved.
  const backing = ["-b", "base.qcow2", "-F", "qcow2"];
  const argv = ["qemu-img", "create", "-q", "-f", "qcow2", ...backing, files.disk, `${diskGiB}G`] as const;
  await c.host.run([...argv], { signal: c.signal, timeoutMs: 60_000 });
}

/** A hard link to the cached file costs nothing and outlives the cache; across file systems it is a copy. */
async function take(from: string, to: string): Promise<void> {
  await rm(to, { force: true });
  await link(from, to).catch(() => copyFile(from, to, constants.COPYFILE_FICLONE));
}

/** Size as seen by the guest, in bytes. */
async function virtualSize(file: string, c: RunContext): Promise<number> {
  const argv = ["qemu-img", "info", "-f", "qcow2", "--output=json", file] as const;
  const { stdout } = await c.host.run([...argv], { signal: c.signal, timeoutMs: 60_000 });
  return (JSON.parse(stdout) as { "virtual-size": number })["virtual-size"];
}
