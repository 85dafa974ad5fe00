import { randomUUID } from "node:crypto";
import { mkdir } from "node:fs/promises";
import type { MachineRef, MachineSpec } from "../../src/contract/driver.ts";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { RunContext } from "../../src/contract/host.ts";
import { choosePorts } from "../../src/host/choose-ports.ts";
import { guestInterfaces } from "../vm/guest-network.ts";
import { createOnce } from "../vm/create-once.ts";
import { identityOf } from "../vm/machine-record.ts";
import { writeSeed } from "../vm/seed.ts";
import { makeDisks } from "./disks.ts";
import { hostPath, parseVersion, type Version } from "./installation.ts";
import { createArguments, modifyArguments, storage } from "./machine-arguments.ts";
import {
  type MachineFile,
  type MachineFiles,
  machineFiles,
  type MachinePlan,
  machinesFolder,
  otherPlans,
  readMachine,
  writeMachine,
  writePlan,
} from "./machine-file.ts";
import { look } from "./machine-state.ts";
import { chooseNetworks, hostOnlyOps } from "./network/choose.ts";
import { removeMachine } from "./remove-machine.ts";
import { vboxmanage } from "./vboxmanage.ts";

/**
 * Creates and registers the machine; does not start it. What is about to be created is recorded first and the description last, so a `create`
 * killed at any point is either found complete by the next one or cleaned up by it. Rejects with DRIVER_MACHINE_DIFFERS,
 * DRIVER_CREATE_FAILED, DRIVER_DISK_SMALL, VIRTUALBOX_BLOCKED, the errors of ports and networks, or the signal's reason.
 */
export async function createMachine(spec: MachineSpec, c: RunContext): Promise<MachineRef> {
  if (spec.image.firstBoot === "ignition")
    throw new LocalkubeError(
      "DRIVER_CREATE_FAILED",
      { driver: "virtualbox", name: spec.name },
      { output: "an image that reads Ignition has no NoCloud seed" },
    );
  const found = await readMachine(c.host, spec.name);
  // It may have been removed without us.
  const exists = found !== undefined && (await look(spec.name, c)).state !== "absent";
  const creation = { driver: "virtualbox", found, exists, remove: removeMachine, createFresh };
  return createOnce(spec, creation, c);
}

async function createFresh(spec: MachineSpec, c: RunContext): Promise<MachineRef> {
  const { host, signal } = c;
  const { name } = spec;
  const files = machineFiles(host, name);
  const version = await installedVersion(c);
  const others = await otherPlans(host, name);
  await mkdir(machinesFolder(host), { recursive: true, mode: 0o700 });
  await mkdir(files.folder, { recursive: true, mode: 0o700 });
  const portsOfOthers = new Set(others.flatMap(({ ports }) => Object.values(ports)));
  const networks = await chooseNetworks(spec, others, version, c);
  const begun: MachinePlan = {
    ...networks,
    id: randomUUID(),
    ports: await choosePorts(name, spec.ports, portsOfOthers),
  };
  await writePlan(host, name, begun);
  const plan = { ...begun, hostOnly: await readyHostOnly(begun, c) };
  await writePlan(host, name, plan);
  await writeSeed(
    files.seed,
    { ...spec, instanceId: plan.id, interfaces: guestInterfaces(name, plan) },
    "cloud-init",
    signal,
  );
  await makeDisks(spec, files, c);
  const shape = {
    ...plan,
    name,
    cpus: spec.cpus,
    memoryMiB: spec.memoryMiB,
    baseFolder: await hostPath(machinesFolder(host), host, signal),
    console: await hostPath(files.console, host, signal),
  };
  await vboxmanage(host, createArguments(shape, version, host), { signal });
  await vboxmanage(host, modifyArguments(shape, version, host), { signal });
  await attachDisks(plan.id, files, c);
  const ref: MachineRef = {
    driver: "virtualbox",
    name,
    id: plan.id,
    address: plan.address,
    addressReachable: true,
    ports: plan.ports,
    data: {},
  };
  const hardware = { cpus: spec.cpus, memoryMiB: spec.memoryMiB, diskGiB: spec.diskGiB };
  const machine: MachineFile = {
    ...plan,
    schema: 1,
    ref,
    hardware,
    identity: identityOf(spec),
    ran: false,
  };
  await writeMachine(host, machine);
  return ref;
}

/** A network that another machine already uses may have lost its adapter meanwhile. */
async function readyHostOnly({ hostOnly }: MachinePlan, c: RunContext): Promise<MachinePlan["hostOnly"]> {
  const ops = hostOnlyOps[hostOnly.kind];
  const name = hostOnly.name === "" ? await ops.make(hostOnly.cidr, c) : await ops.repair(hostOnly, c);
  return { ...hostOnly, name };
}

async function attachDisks(id: string, files: MachineFiles, c: RunContext): Promise<void> {
  const { host, signal } = c;
  const { controller, disk, drive, seed, ports } = storage;
  const add = ["--name", controller, "--add", "sata", "--portcount", String(ports), "--hostiocache", "on"];
  await vboxmanage(host, ["storagectl", id, ...add], { signal });
  const attach = async (port: number, type: string, medium: string, ...more: string[]): Promise<void> => {
    const place = ["--storagectl", controller, "--port", String(port), "--device", "0"];
    await vboxmanage(host, ["storageattach", id, ...place, "--type", type, "--medium", medium, ...more], {
      signal,
    });
  };
  await attach(
    disk,
    "hdd",
    await hostPath(files.disk, host, signal),
    "--nonrotational",
    "on",
    "--discard",
    "on",
  );
  await attach(drive, "dvddrive", "emptydrive");
  await attach(seed, "dvddrive", await hostPath(files.seed, host, signal));
}

const timeoutMs = 10_000;

/** The version of VirtualBox that answers here. Rejects with DRIVER_UNUSABLE when it reports none. */
async function installedVersion({ host, signal }: RunContext): Promise<Version> {
  const output = await vboxmanage(host, ["--version"], { signal, timeoutMs });
  const version = parseVersion(output);
  if (version) return version;
  throw new LocalkubeError(
    "DRIVER_UNUSABLE",
    {
      driver: "virtualbox",
      problem: "VBoxManage --version reports no version",
      fix: "Reinstall VirtualBox",
    },
    { output },
  );
}
