import { createHash } from "node:crypto";
import { hostname } from "node:os";
import type { MachineAccess, MachineRef, MachineSpec } from "../../src/contract/driver.ts";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { RunContext } from "../../src/contract/host.ts";
import type { Transport } from "../../src/contract/transport.ts";
import { choosePorts } from "../../src/host/choose-ports.ts";
import { claimHost } from "./claim-host.ts";
import { hostAccess, withHost } from "./host-access.ts";
import { hostFiles, readHostFile, removeHostFile, writeHostFile } from "./host-file.ts";
import { type HostFacts, inspectHost } from "./inspect-host.ts";
import { checkPorts, judgeHost } from "./judge-host.ts";
import { nodePaths, type NodePaths, type OnHost } from "./node-paths.ts";
import { readOptions, type SshOptions } from "./read-options.ts";
import { releaseHost } from "./remove-machine.ts";
import { SshDriverError } from "./errors.ts";

const cleanupMs = 120_000;

/**
 * Checks the host and writes our note there; nothing else is changed unless the host is to be taken over. A host with our note for an equal
 * spec is returned as it is. Rejects with the errors of `readOptions`, `hostAccess`, `judgeHost` and `claimHost`, SSH_HOST_TAKEN,
 * SSH_HOST_TWIN, DRIVER_MACHINE_DIFFERS.
 */
export async function createMachine(
  { connect, runtimes }: OnHost,
  spec: MachineSpec,
  c: RunContext,
): Promise<MachineRef> {
  const options = readOptions(spec.options);
  const recorded = await readHostFile(c.host, spec.name);
  if (recorded && recorded.ref.access?.host !== options.target.host)
    throw new LocalkubeError("DRIVER_MACHINE_DIFFERS", { driver: "ssh", name: spec.name });
  const access = await hostAccess(options, connect, c, recorded?.ref.access);
  const paths = nodePaths(runtimes, spec.runtime);
  return withHost(connect, access, c, async (transport) => {
    const facts = await inspectHost(transport, paths, c.signal);
    const id = clusterId(spec);
    const carried = facts.note.get("id");
    const { host } = options.target;
    if (carried !== undefined && carried !== id)
      throw new SshDriverError("SSH_HOST_TAKEN", { host, name: facts.note.get("name") ?? "unnamed" });
    if (carried === undefined) {
      await refuseTwin(facts, spec.name, host, c);
      const own = (await spec.inspect?.(transport)) ?? [];
      const avoid = spec.network.avoid.filter((network) => !own.includes(network));
      judgeHost(facts, { host, takeOver: options.takeOver, avoid });
    }
    const ref =
      recorded?.ref.data["id"] === id
        ? {
            ...recorded.ref,
            access,
            ports: { ...recorded.ref.ports, ssh: access.port },
            // What was listed on a host that is claimed already is of the runtime of then.
            ...(carried === undefined && { data: { id, runtime: spec.runtime } }),
          }
        : await reference(spec, access, facts, c);
    await writeHostFile(c.host, { schema: 1, ref, machineId: facts.machineId, hostname: facts.hostname });
    try {
      await claim(transport, paths, spec, options, c);
    } catch (error) {
      if (carried === undefined) await giveBack(transport, paths, ref, c);
      throw error;
    }
    return ref;
  });
}

async function claim(
  transport: Transport,
  paths: NodePaths,
  spec: MachineSpec,
  { target, takeOver }: SshOptions,
  c: RunContext,
): Promise<void> {
  const owner = `${hostname()}:${c.host.stateDir}`;
  await claimHost(transport, paths, { id: clusterId(spec), name: spec.name, owner, takeOver }, c);
  // Whatever was taken over has released its ports; if one is still in use, it is by something else.
  if (takeOver) checkPorts(await inspectHost(transport, paths, c.signal), target.host);
}

/** After a create that failed or was cancelled: the note is removed too. */
async function giveBack(
  transport: Transport,
  paths: NodePaths,
  ref: MachineRef,
  c: RunContext,
): Promise<void> {
  const cleanup = { ...c, signal: AbortSignal.timeout(cleanupMs) };
  try {
    await releaseHost(transport, paths, { id: ref.data["id"] ?? "", name: ref.name }, cleanup);
    await removeHostFile(c.host, ref.name);
  } catch (again) {
    c.log(`clean-up failed: ${String(again)}`);
  }
}

async function reference(
  spec: MachineSpec,
  access: MachineAccess,
  facts: HostFacts,
  c: RunContext,
): Promise<MachineRef> {
  const taken = new Set((await hostFiles(c.host)).map(({ ref }) => ref.ports.api));
  const requests = spec.ports.filter(({ name }) => name === "api");
  const { api } = await choosePorts(spec.name, requests, taken);
  return {
    driver: "ssh",
    name: spec.name,
    id: clusterId(spec),
    address: facts.address,
    // NodePorts: a host reached through another host, or through loopback, has an address that leads elsewhere from here.
    addressReachable: access.jump === undefined && !/^(127\.|localhost$|::1$)/.test(access.host),
    ports: { ssh: access.port, api },
    access,
    api: spec.apiOverSsh ? "ssh" : "direct",
    data: { id: clusterId(spec), runtime: spec.runtime },
  };
}

async function refuseTwin(facts: HostFacts, name: string, host: string, c: RunContext): Promise<void> {
  for (const other of await hostFiles(c.host)) {
    if (other.ref.name === name) continue;
    const what =
      facts.machineId !== "" && other.machineId === facts.machineId
        ? "machine-id"
        : other.hostname === facts.hostname && "hostname";
    if (what) throw new SshDriverError("SSH_HOST_TWIN", { host, what, name: other.ref.name });
  }
}

/** The cluster's own login key identifies it: it is created once, before any machine, and lives as long as the cluster. */
const clusterId = ({ authorizedKey }: Pick<MachineSpec, "authorizedKey">): string =>
  createHash("sha256").update(authorizedKey.trim()).digest("hex").slice(0, 24);
