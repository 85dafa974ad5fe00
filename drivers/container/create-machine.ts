import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { buffer } from "node:stream/consumers";
import type { MachineRef, MachineSpec, PortRequest } from "../../src/contract/driver.ts";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { HostContext, RunContext } from "../../src/contract/host.ts";
import { choosePorts } from "../../src/host/choose-ports.ts";
import {
  type ContainerFacts,
  type Engine,
  type EngineDialect,
  engineInfo,
  type EngineInfo,
  refLabel,
  specLabel,
} from "./engine.ts";
import { ociRuntimeOption, ulimitOptions } from "./host-quirks.ts";
import { ensureImage } from "./machine-image.ts";
import { inspectContainer, neverRan } from "./machine-state.ts";
import { type ClusterNetwork, createNetwork, networkName, nodeAddress } from "./network.ts";
import { letOrphansEnd } from "./orphans.ts";
import { ourContainers } from "./our-containers.ts";
import { ours, ownerOptions } from "./ownership.ts";
import { choosePrivileges, type Privileges } from "./privileges.ts";
import { removeEverything, removeUnfinished, volumeName } from "./remove-machine.ts";

const cleanupMs = 60_000;

/**
 * Creates network, volume and container and copies the keys into it; does not start it. The reference is written into a label of the
 * container, so a `create` killed at any point is either found complete by the next one or never happened. Rejects with DRIVER_NAME_TAKEN,
 * DRIVER_MACHINE_DIFFERS, DRIVER_CREATE_FAILED, DRIVER_IMAGE_DAMAGED, DRIVER_NO_SPACE or the signal's reason.
 */
export async function createMachine(engine: Engine, spec: MachineSpec, c: RunContext): Promise<MachineRef> {
  await letOrphansEnd(engine, [spec.name, volumeName(spec.name), networkName(spec.network.cluster)], c);
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

/** A host port for each request: the requested one, or a free one that no other machine of ours in this engine uses, running or stopped. */
async function chooseContainerPorts(
  engine: Engine,
  machine: string,
  requests: readonly PortRequest[],
  c: RunContext,
): Promise<MachineRef["ports"]> {
  const refs = (await ourContainers(engine, c)).map(
    ({ Config }) => JSON.parse(Config.Labels?.[refLabel] ?? "{}") as Partial<MachineRef>,
  );
  return choosePorts(machine, requests, new Set(refs.flatMap(({ ports }) => Object.values(ports ?? {}))));
}

/**
 * What the engine's configuration (containers.conf, daemon.json) would decide otherwise: 2048 processes are too few for a node, and any other
 * first process keeps systemd from being it.
 */
const limits = ["--pids-limit", "-1", "--shm-size", "64m", "--init=false", "--ipc", "private"];

/** Parts of the kernel that host and machine share: CNI agents and storage drivers load and look for them. */
const kernelModules = "/lib/modules";

/** Where the machine's volume is: everything that Kubernetes and the runtime write. */
const dataFolder = "/var";

/**
 * Paths in the machine at which the engine's configuration mounts something: `mounts` of containers.conf, which no option of `create`
 * prevents. (Its `volumes` are the default of `--volume`, so they do not count here.)
 */
export const foreignMounts = ({ Mounts }: ContainerFacts): readonly string[] =>
  (Mounts ?? [])
    .map(({ Destination }) => Destination)
    .filter((path) => path !== dataFolder && path !== kernelModules)
    .sort();

/** Options of `create`. They contain no secret: keys are copied in with `cp`. */
async function containerOptions(
  dialect: EngineDialect,
  info: EngineInfo,
  spec: MachineSpec,
  ref: MachineRef,
  network: ClusterNetwork,
  privileges: Privileges,
  host: HostContext,
): Promise<readonly string[]> {
  const runtime = await ociRuntimeOption(info, host);
  const labels = [`${specLabel}=${specHash(spec)}`, `${refLabel}=${JSON.stringify(ref)}`];
  return [
    ...["--name", spec.name, "--hostname", spec.hostname],
    ...ownerOptions(spec.name, host),
    ...labels.flatMap((label) => ["--label", label]),
    ...[...privileges.options, "--cgroupns=private"],
    ...limits,
    ...dialect.logOptions,
    ...runtime.args,
    ...(dialect.environmentOptions?.(info) ?? []),
    ...dialect.initOptions,
    ...(dialect.forksContainers ? await ulimitOptions() : []),
    ...["--cpus", String(spec.cpus), "--memory", `${spec.memoryMiB}m`],
    ...["--network", network.name, "--ip", ref.address],
    ...["--volume", `${volumeName(spec.name)}:${dataFolder}`],
    ...(existsSync(kernelModules) ? ["--volume", `${kernelModules}:${kernelModules}:ro`] : []),
    ...spec.ports.flatMap((p) => ["--publish", `127.0.0.1:${ref.ports[p.name]}:${p.guestPort}`]),
  ];
}

/**
 * Covers what cannot be changed in a container afterwards. Not the ports: free ones are chosen once and kept; nor the image: a newer
 * localkube has another one, and existing machines stay as they are.
 */
function specHash({ name, hostname, cpus, memoryMiB, authorizedKey, hostKey }: MachineSpec): string {
  const parts = [name, hostname, cpus, memoryMiB, authorizedKey, hostKey.publicKey];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 16);
}

/** What makes the machine ours before its first boot, as a tar for the engine's `cp`: no secret ever appears in argv. */
export async function seedArchive(spec: Pick<MachineSpec, "authorizedKey" | "hostKey">): Promise<Uint8Array> {
  const { pack } = await import("tar-stream");
  const archive = pack();
  archive.entry({ name: "root/.ssh", type: "directory", mode: 0o700 });
  archive.entry({ name: "root/.ssh/authorized_keys", mode: 0o600 }, `${spec.authorizedKey}\n`);
  archive.entry({ name: "etc/ssh/ssh_host_ed25519_key", mode: 0o600 }, spec.hostKey.privatePem);
  archive.entry({ name: "etc/ssh/ssh_host_ed25519_key.pub", mode: 0o644 }, `${spec.hostKey.publicKey}\n`);
  // Where pods look for kernel modules; a host that has any shares its own there.
  archive.entry({ name: "usr/lib/modules", type: "directory", mode: 0o755 });
  archive.finalize();
  return buffer(archive);
}
