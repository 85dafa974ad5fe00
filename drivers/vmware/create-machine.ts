import { randomUUID } from "node:crypto";
import { mkdir } from "node:fs/promises";
import type { MachineRef, MachineSpec } from "../../src/contract/driver.ts";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { RunContext } from "../../src/contract/host.ts";
import { formatNetwork } from "../../src/host/network.ts";
import { convertedDisk } from "../vm/converted-disk.ts";
import { type SeedInput, writeSeed } from "../vm/seed.ts";
import { copyDisk, diskBytes, growDisk } from "./disk.ts";
import { createOnce } from "../vm/create-once.ts";
import { identityOf } from "../vm/machine-record.ts";
import { machineFiles, machineNames, readMachine, writeMachine } from "./machine-file.ts";
import { chooseAddress, natNetwork, vmwareMac } from "./nat-network.ts";
import { removeMachine } from "./remove-machine.ts";
import { vmware } from "./vmrun.ts";
import { guestInfo, machineVmx } from "./machine-vmx.ts";
import { writeVmx } from "./vmx.ts";

const gibibyte = 2 ** 30;

/**
 * Creates the machine's folder with disk, seed and settings; does not start it. Its description is written last, so a `create` killed at any
 * point is either found complete by the next one or cleaned up by it. Rejects with DRIVER_MACHINE_DIFFERS, DRIVER_CREATE_FAILED,
 * DRIVER_DISK_SMALL, VMWARE_MISSING, VMWARE_NETWORK_UNUSABLE, the errors of creating the disk, or the signal's reason.
 */
export async function createMachine(spec: MachineSpec, c: RunContext): Promise<MachineRef> {
  const found = await readMachine(c.host, spec.name);
  return createOnce(spec, { driver: "vmware", found, remove: removeMachine, createFresh }, c);
}

async function createFresh(spec: MachineSpec, c: RunContext): Promise<MachineRef> {
  const { host, signal } = c;
  await vmware(c);
  const files = machineFiles(host, spec.name);
  const nat = await natNetwork(host);
  const address = chooseAddress(files.folder, nat, await addressesOfOthers(c), spec.network.avoid);
  const mac = vmwareMac(files.folder);
  const id = randomUUID();
  const { firstBoot = "cloud-init" } = spec.image;
  const { cpus, memoryMiB, diskGiB } = spec;
  const hardware = { cpus, memoryMiB, diskGiB };
  const seed: SeedInput = {
    ...spec,
    instanceId: id,
    interfaces: [
      {
        name: "eth0",
        mac,
        address: `${address}/${nat.network.prefix}`,
        gateway: nat.gateway,
        dns: [nat.gateway],
      },
    ],
  };
  await mkdir(files.folder, { recursive: true, mode: 0o700 });
  await makeDisk(spec, files.disk, c);
  if (firstBoot === "cloud-init") await writeSeed(files.seed, seed, firstBoot, signal);
  const wanted = {
    name: spec.name,
    arch: host.arch,
    hardware,
    mac,
    guestInfo: guestInfo(seed, firstBoot),
    seedDisc: firstBoot === "cloud-init",
  };
  await writeVmx(files.vmx, machineVmx(wanted, files));
  signal.throwIfAborted();
  const ref: MachineRef = {
    driver: "vmware",
    name: spec.name,
    id,
    address,
    // VMware's NAT network has an interface on this host.
    addressReachable: true,
    ports: { ssh: 22, api: 6443 },
    access: { host: address, port: 22, user: "root" },
    api: "direct",
    data: { network: formatNetwork(nat.network), mac },
  };
  await writeMachine(host, {
    schema: 1,
    ref,
    hardware,
    identity: identityOf(spec),
    mac,
    ran: false,
    snapshots: {},
  });
  return ref;
}

async function addressesOfOthers({ host }: RunContext): Promise<readonly string[]> {
  const others = await Promise.all((await machineNames(host)).map((name) => readMachine(host, name)));
  return others.flatMap((machine) => (machine ? [machine.ref.address] : []));
}

async function makeDisk({ image, diskGiB }: MachineSpec, disk: string, c: RunContext): Promise<void> {
  const source = await convertedDisk(image, "vmdk", c);
  const has = await diskBytes(source);
  if (has > diskGiB * gibibyte)
    throw new LocalkubeError("DRIVER_DISK_SMALL", { wanted: diskGiB, has: Math.ceil(has / gibibyte) });
  c.report({ message: "copying the disk image" });
  await copyDisk(source, disk, c);
  if (has < diskGiB * gibibyte) await growDisk(disk, diskGiB, c);
}
