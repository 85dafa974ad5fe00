import { setTimeout as sleep } from "node:timers/promises";
import type { MachineRef, MachineSpec } from "../../src/contract/driver.ts";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { RunContext } from "../../src/contract/host.ts";
import { cloudConfig, ignitionConfig } from "../vm/seed.ts";
import { isRefusal } from "./api/api-failure.ts";
import type { ApiContext, Pacing } from "./api/connection.ts";
import type { DeviceInput, PacketApi } from "./api/packet-api.ts";
import type { Device } from "./api/shapes.ts";
import { checkCapacity, checkChoices, type Choices, chooseProject } from "./check-choices.ts";
import {
  hasSpec,
  machineStateOf,
  neverRan,
  onlyDevice,
  ownDevices,
  type OwnerKey,
  ownerTags,
  ownKeys,
  said,
  specTag,
} from "./device.ts";
import { rememberProject } from "./home-file.ts";
import { machineRef } from "./machine-ref.ts";
import { openAccess } from "./open-access.ts";
import { removeDevice, removeOwned } from "./remove-owned.ts";
import { type PacketSettings, packetSettings } from "./settings.ts";
import { waitForDevice } from "./wait-for-device.ts";

/**
 * Creates key and device and waits until the device is provisioned; it is then running. Everything requested is checked first, so a typo
 * costs nothing. A device of ours with that name is reused if it was created from the same spec; one that never ran is recreated. Rejects
 * with the PACKET_… errors, DRIVER_MACHINE_DIFFERS or the signal's reason; device and key are then removed, or the error says what is left.
 */
export async function createMachine(spec: MachineSpec, c: RunContext, pacing: Pacing): Promise<MachineRef> {
  const settings = packetSettings(spec.options);
  const api = await openAccess(settings.access, c, pacing);
  const project = await chooseProject(api, settings, c);
  const known = { ...settings.access, project };
  const owner: OwnerKey = { project, home: await rememberProject(c.host, known), machine: spec.name };
  const tag = specTag(spec, settings);
  const found = await usable(api, owner, tag, c);
  let mayAppear = false;
  try {
    let device = found;
    if (!device) {
      const choices = await checkChoices(api, settings, project, c);
      await checkCapacity(api, settings, choices, c);
      const input = deviceInput(spec, settings, choices, [...ownerTags(owner.home, spec.name), tag]);
      const key = await projectKey(api, owner, spec, c);
      mayAppear = true;
      device = await makeDevice(api, owner, { ...input, project_ssh_keys: [key] }, c);
      mayAppear = false;
      // Again: the last machine of this project may have been removed in between.
      await rememberProject(c.host, known);
    }
    const wanted = { id: device.id, name: spec.name };
    // One that turns off while it is being provisioned was never ready; one that was ready and has been stopped since is a machine.
    const rest = found && !neverRan(found) ? (["running", "stopped"] as const) : (["running"] as const);
    const ready = await waitForDevice(api, wanted, rest, pacing.provisionMs, c);
    return await machineRef(ready, spec, known);
  } catch (error) {
    // A server that has run before holds data, whatever went wrong now.
    if (found && !neverRan(found)) throw error;
    const problem = await cleanUp(api, owner, c, mayAppear && !isRefusal(error));
    c.signal.throwIfAborted();
    throw problem === undefined ? error : withLeftovers(error, problem);
  }
}

/** The device of an earlier create that can be continued; one that never ran and does not match is removed. */
async function usable(
  api: PacketApi,
  owner: OwnerKey,
  tag: string,
  c: ApiContext,
): Promise<Device | undefined> {
  const device = onlyDevice(await ownDevices(api, owner, c), owner.machine);
  if (!device) return undefined;
  if (hasSpec(device, tag) && ["starting", "running", "stopped"].includes(machineStateOf(device)))
    return device;
  if (neverRan(device) || said(device) === "deprovisioning") {
    await removeDevice(api, device.id, owner.machine, c);
    return undefined;
  }
  throw new LocalkubeError("DRIVER_MACHINE_DIFFERS", { driver: "packet", name: owner.machine });
}

/**
 * Id of our key in the project, created or found; one of an earlier create with another key is replaced. A project accepts the same key only
 * once: one that exists already under another name is used, and left alone when the machine is removed.
 */
async function projectKey(
  api: PacketApi,
  owner: OwnerKey,
  spec: MachineSpec,
  c: ApiContext,
): Promise<string> {
  const key = spec.authorizedKey;
  for (const old of await ownKeys(api, owner, c)) {
    if (old.key?.trim() === key) return old.id;
    await api.deleteKey(old.id, c);
  }
  const tags = ownerTags(owner.home, spec.name);
  try {
    return (await api.createKey(owner.project, { label: spec.name, key, tags }, c)).id;
  } catch (error) {
    c.signal.throwIfAborted();
    const isRefused = error instanceof LocalkubeError && error.id === "PACKET_REFUSED";
    if (isRefusal(error) && !isRefused) throw error;
    // Or its answer was lost in transit.
    const there = (await api.keys(owner.project, c)).find((one) => one.key?.trim() === key);
    if (!there) throw error;
    return there.id;
  }
}

/** Never sends the request twice: when no answer came, the device is looked up by its tags. */
async function makeDevice(
  api: PacketApi,
  owner: OwnerKey,
  input: DeviceInput,
  c: ApiContext,
): Promise<Device> {
  try {
    return await api.createDevice(owner.project, input, c);
  } catch (error) {
    c.signal.throwIfAborted();
    if (isRefusal(error)) throw error;
    c.log(`${String(error)}; checking whether the device was created`);
    for (const wait of api.pacing.lostMs) {
      await sleep(wait, undefined, { signal: c.signal });
      const device = onlyDevice(await ownDevices(api, owner, c), owner.machine);
      if (device) return device;
    }
    throw error;
  }
}

function deviceInput(
  spec: MachineSpec,
  settings: PacketSettings,
  { plan, place, operatingSystem }: Choices,
  tags: readonly string[],
): DeviceInput {
  const { spotPriceMax, reservation, terminationTime, billingCycle } = settings;
  return {
    hostname: spec.hostname,
    plan: plan.slug,
    ...(place.kind === "metro" ? { metro: place.code } : { facility: [place.code] }),
    operating_system: operatingSystem.slug,
    billing_cycle: billingCycle,
    tags,
    userdata: userData(spec, operatingSystem),
    project_ssh_keys: [],
    user_ssh_keys: [],
    ...(spotPriceMax === undefined ? {} : { spot_instance: true, spot_price_max: spotPriceMax }),
    ...(reservation ? { hardware_reservation_id: reservation } : {}),
    ...(terminationTime ? { termination_time: terminationTime } : {}),
  };
}

/** What could not be removed and why; undefined when nothing is left. Has its own time limit: the command may have been interrupted. */
async function cleanUp(
  api: PacketApi,
  owner: OwnerKey,
  c: RunContext,
  mayAppear: boolean,
): Promise<string | undefined> {
  c.report({ message: "removing device and key" });
  const cleanup = { ...c, signal: AbortSignal.timeout(api.pacing.removeMs) };
  try {
    await removeOwned(api, owner, cleanup, mayAppear);
    return undefined;
  } catch (error) {
    c.log(`clean-up failed: ${String(error)}`);
    const tags = ownerTags(owner.home, owner.machine).join(", ");
    return `A device or key may be left in the project ${owner.project}, with the tags ${tags}: ${(error as Error).message}`;
  }
}

function withLeftovers(error: unknown, problem: string): unknown {
  if (!(error instanceof LocalkubeError)) return error;
  const output = [error.output, problem].filter(Boolean).join("\n");
  const { id, params, exitCode: exit, message: title, fix } = error;
  return new LocalkubeError(id, params, { cause: error, output }, { exit, title, fix });
}

/**
 * What the server does at its first boot: set its name, install our host key (so that nothing is trusted on first use), allow login with our
 * key. Ignition for Flatcar, cloud-init for all others. Contains the private host key: never log it.
 */
function userData(
  spec: MachineSpec,
  operatingSystem: { slug: string; distro?: string | null | undefined },
): string {
  const { hostname, authorizedKey, hostKey } = spec;
  const input = { hostname, authorizedKey, hostKey, instanceId: spec.name, interfaces: [] };
  const reads = `${operatingSystem.slug} ${operatingSystem.distro ?? ""}`;
  return /flatcar|coreos/.test(reads) ? ignitionConfig(input) : cloudConfig(input);
}
