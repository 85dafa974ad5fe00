import { createHash } from "node:crypto";
import { createServer } from "node:net";
import type { MachineRef, MachineSpec, PortRequest } from "../../src/contract/driver.ts";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { RunContext } from "../../src/contract/host.ts";
import { type Engine, ownerLabel, specLabel } from "./engine.ts";
import { freeNetwork } from "./free-network.ts";
import { ociRuntimeOption, ulimitOptions } from "./host-quirks.ts";
import { ensureImage } from "./machine-image.ts";
import { inspectContainer } from "./machine-state.ts";
import { networkName, ours, removeEverything, volumeName } from "./remove-machine.ts";
import { seedArchive } from "./seed-archive.ts";

const seededLabel = "dev.localkube.ref";

/**
 * Makes network, volume and container and puts the keys into it; not started yet. The reference is written into a label of the
 * container, so that a `create` killed at any point is either found whole by the next one or was never there.
 */
export async function createMachine(engine: Engine, spec: MachineSpec, c: RunContext): Promise<MachineRef> {
  const found = await existing(engine, spec, c);
  if (found) return found;
  // Whatever carries our label without a whole container is the rest of a killed create; it never ran, so it holds no data.
  await removeEverything(engine, spec.name, c);
  try {
    return await createFresh(engine, spec, c);
  } catch (error) {
    const cleanup = { ...c, signal: AbortSignal.timeout(60_000) };
    await removeEverything(engine, spec.name, cleanup).catch((again: unknown) =>
      c.log(`clean-up failed: ${String(again)}`),
    );
    throw error;
  }
}

async function existing(engine: Engine, spec: MachineSpec, c: RunContext): Promise<MachineRef | undefined> {
  if (!(await ours(engine, "container", spec.name, spec.name, c))) return undefined;
  const facts = await inspectContainer(engine, spec.name, c);
  const labels = facts?.Config.Labels ?? {};
  if (facts && labels[specLabel] === specHash(spec)) {
    const ref = JSON.parse(labels[seededLabel] ?? "{}") as MachineRef;
    // The keys may be missing when the earlier create was killed between «create» and «cp»; writing them again changes nothing.
    if (facts.State.Status === "created" || facts.State.Status === "configured") await seed(engine, spec, c);
    return { ...ref, id: facts.Id };
  }
  if (facts?.State.Status === "created" || facts?.State.Status === "configured") return undefined;
  throw new LocalkubeError("DRIVER_MACHINE_DIFFERS", { driver: engine.dialect.program, name: spec.name });
}

async function createFresh(engine: Engine, spec: MachineSpec, c: RunContext): Promise<MachineRef> {
  const { dialect } = engine;
  const image = await ensureImage(engine, spec.image, c);
  const label = `${ownerLabel}=${spec.name}`;
  const subnet = await freeNetwork(engine, spec.name, spec.avoidNetworks, c);
  await engine.run(
    [
      "network",
      "create",
      "--subnet",
      subnet,
      "--label",
      label,
      ...dialect.networkOptions,
      networkName(spec.name),
    ],
    { signal: c.signal },
  );
  await engine.run(["volume", "create", "--label", label, volumeName(spec.name)], { signal: c.signal });
  const info = dialect.parseInfo(
    JSON.parse(
      (await engine.run(["info", "--format", dialect.infoFormat], { signal: c.signal, timeoutMs: 10_000 }))
        .stdout,
    ),
  );
  const ref: MachineRef = {
    driver: dialect.program,
    name: spec.name,
    address: subnet.replace(/0\/24$/, "2"),
    addressReachable: true,
    ports: await choosePorts(spec.ports),
    data: { network: subnet },
  };
  const { args: runtime } = await ociRuntimeOption(info, c.host);
  await engine.run(
    [
      "create",
      ...["--name", spec.name, "--hostname", spec.hostname],
      ...[
        "--label",
        label,
        "--label",
        `${specLabel}=${specHash(spec)}`,
        "--label",
        `${seededLabel}=${JSON.stringify(ref)}`,
      ],
      ...[
        "--privileged",
        "--cgroupns=private",
        ...runtime,
        ...dialect.initOptions,
        ...(await ulimitOptions()),
      ],
      ...["--cpus", String(spec.cpus), "--memory", `${spec.memoryMiB}m`],
      ...["--network", networkName(spec.name), "--ip", ref.address],
      ...["--volume", `${volumeName(spec.name)}:/var`],
      ...spec.ports.flatMap((p) => ["--publish", `127.0.0.1:${ref.ports[p.name]}:${p.guestPort}`]),
      image,
      "/sbin/init",
    ],
    { signal: c.signal },
  );
  await seed(engine, spec, c);
  const facts = await inspectContainer(engine, spec.name, c);
  return facts ? { ...ref, id: facts.Id } : ref;
}

async function seed(engine: Engine, spec: MachineSpec, c: RunContext): Promise<void> {
  await engine.run(["cp", "-", `${spec.name}:/`], { signal: c.signal, stdin: await seedArchive(spec) });
}

async function choosePorts(requests: readonly PortRequest[]): Promise<MachineRef["ports"]> {
  const chosen = await Promise.all(
    requests.map(async (p) => [p.name, p.hostPort || (await freePort())] as const),
  );
  return Object.fromEntries(chosen) as unknown as MachineRef["ports"];
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() =>
        address && typeof address === "object" ? resolve(address.port) : reject(new Error("no port")),
      );
    });
  });
}

/** Of what a container cannot change afterwards. Ports are not in it: a free one is chosen once and kept. */
function specHash({ name, hostname, cpus, memoryMiB, authorizedKey, hostKey }: MachineSpec): string {
  const parts = [name, hostname, cpus, memoryMiB, authorizedKey, hostKey.publicKey];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex").slice(0, 16);
}
