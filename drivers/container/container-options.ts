import { existsSync } from "node:fs";
import type { MachineRef, MachineSpec } from "../../src/contract/driver.ts";
import type { HostContext } from "../../src/contract/host.ts";
import { type ContainerFacts, type EngineDialect, type EngineInfo, refLabel, specLabel } from "./engine.ts";
import { ociRuntimeOption, ulimitOptions } from "./host-quirks.ts";
import type { ClusterNetwork } from "./network.ts";
import { ownerOptions } from "./ownership.ts";
import type { Privileges } from "./privileges.ts";
import { volumeName } from "./remove-machine.ts";
import { specHash } from "./spec-hash.ts";

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
export async function containerOptions(
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
