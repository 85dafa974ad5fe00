import type { MachineRef, MachineSpec } from "../../src/contract/driver.ts";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { RunContext } from "../../src/contract/host.ts";
import { chooseContainerPorts } from "./choose-ports.ts";
import { containerOptions, foreignMounts } from "./container-options.ts";
import { type Engine, engineInfo, refLabel, specLabel } from "./engine.ts";
import { ensureImage } from "./machine-image.ts";
import { inspectContainer, neverRan } from "./machine-state.ts";
import { createNetwork, nodeAddress } from "./network.ts";
import { ours, ownerOptions } from "./ownership.ts";
import { removeEverything, removeUnfinished, volumeName } from "./remove-machine.ts";
import { choosePrivileges } from "./privileges.ts";
import { seedArchive } from "./seed-archive.ts";
import { specHash } from "./spec-hash.ts";

const cleanupMs = 60_000;

/**
 * Creates network, volume and container and copies the keys into it; does not start it. The reference is written into a label of the
 * container, so a `create` killed at any point is either found complete by the next one or never happened. Rejects with DRIVER_NAME_TAKEN,
 * DRIVER_MACHINE_DIFFERS, DRIVER_CREATE_FAILED, DRIVER_IMAGE_DAMAGED, DRIVER_NO_SPACE or the signal's reason.
 */
export async function createMachine(engine: Engine, spec: MachineSpec, c: RunContext): Promise<MachineRef> {
  const found = await existing(engine, spec, c);
  if (found) return found;
  // Anything that carries our label but has no complete container is left over from a killed create; it never ran, so it holds no data.
  await removeUnfinished(engine, spec, c);
  try {
    return await createFresh(engine, spec, c);
  } catch (error) {
    const cleanup = { ...c, signal: AbortSignal.timeout(cleanupMs) };
    await removeEverything(engine, spec.name, cleanup).catch((again: unknown) =>
      c.log(`clean-up failed: ${String(again)}`),
    );
    throw error;
  }
}

async function existing(engine: Engine, spec: MachineSpec, c: RunContext): Promise<MachineRef | undefined> {
  if (!(await ours(engine, "container", spec.name, spec.name, c))) return undefined;
  const facts = await inspectContainer(engine, spec.name, c);
  if (!facts) return undefined;
  const labels = facts.Config.Labels ?? {};
  if (labels[specLabel] === specHash(spec)) {
    const ref = JSON.parse(labels[refLabel] ?? "{}") as MachineRef;
    // The keys may be missing if the earlier create was killed between "create" and "cp"; writing them again changes nothing.
    if (neverRan(facts)) await seed(engine, spec, c);
    return { ...ref, id: facts.Id };
  }
  if (neverRan(facts)) return undefined;
  throw new LocalkubeError("DRIVER_MACHINE_DIFFERS", { driver: engine.dialect.program, name: spec.name });
}

async function createFresh(engine: Engine, spec: MachineSpec, c: RunContext): Promise<MachineRef> {
  const { dialect } = engine;
  const info = await engineInfo(engine, { signal: c.signal, timeoutMs: 20_000 });
  const image = await ensureImage(engine, spec.image, c);
  const network = await createNetwork(engine, spec, c);
  await make(
    engine,
    ["volume", "create", ...ownerOptions(spec.name, c.host), volumeName(spec.name)],
    spec.name,
    c,
  );
  const ref: MachineRef = {
    driver: dialect.program,
    name: spec.name,
    address: nodeAddress(network.subnet, spec.network.index),
    addressReachable: info.addressReachable,
    ports: await chooseContainerPorts(engine, spec.name, spec.ports, c),
    data: { network: network.subnet, cluster: spec.network.cluster },
  };
  const privileges = await choosePrivileges(engine, image, c);
  if (privileges.notice !== undefined) c.notice?.(privileges.notice);
  const options = await containerOptions(dialect, info, spec, ref, network, privileges, c.host);
  await make(engine, ["create", ...options, image, ...privileges.command], spec.name, c);
  await seed(engine, spec, c);
  const facts = await inspectContainer(engine, spec.name, c);
  if (!facts) return ref;
  const mounts = foreignMounts(facts);
  if (mounts.length > 0)
    c.notice?.(`the configuration of ${dialect.program} mounts ${mounts.join(", ")} into the machine`);
  return { ...ref, id: facts.Id };
}

async function make(engine: Engine, args: readonly string[], name: string, c: RunContext): Promise<void> {
  const result = await engine.change(args, { signal: c.signal, timeoutMs: 60_000, allowFailure: true });
  if (result.exitCode === 0) return;
  throw new LocalkubeError(
    "DRIVER_CREATE_FAILED",
    { driver: engine.dialect.program, name },
    { output: result.stderr.trim() },
  );
}

async function seed(engine: Engine, spec: MachineSpec, c: RunContext): Promise<void> {
  await engine.change(["cp", "-", `${spec.name}:/`], { signal: c.signal, stdin: await seedArchive(spec) });
}
