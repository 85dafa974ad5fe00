import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import type {
  Driver,
  DriverDefinition,
  MachineImage,
  MachineRef,
  MachineSpec,
} from "../../src/contract/driver.ts";
import type { HostContext, RunContext } from "../../src/contract/host.ts";
import type { Transport } from "../../src/contract/transport.ts";
import { accessEndpoint } from "../../src/host/ssh-access.ts";
import { hostContext } from "../../src/host/host-context.ts";
import { ensureKeys, type MachineKeys } from "../../src/machine/ssh/keys.ts";
import { connect } from "../../src/machine/ssh/transport.ts";

/** What the suite must know of a hypervisor beside its driver, to look at the truth and to interfere. */
export interface DriverUnderTest {
  readonly definition: DriverDefinition;
  /** Makes or finds the image machines are made from. */
  image(c: RunContext): Promise<MachineImage>;
  /** Everything the hypervisor has whose name begins with that, one line each. */
  traces(prefix: string, c: RunContext): Promise<readonly string[]>;
  /** Takes the machine away without the driver, as a user would, leaving what a driver keeps beside it. */
  removeBehindOurBack(name: string, c: RunContext): Promise<void>;
  /** Kinds of foreign things that may have our name already; each makes one and returns how to remove it. */
  readonly foreignObjects: Readonly<
    Record<string, (name: string, c: RunContext) => Promise<() => Promise<void>>>
  >;
  /** Freezes a running machine; missing when the hypervisor cannot. */
  readonly pause?: (name: string, c: RunContext) => Promise<void>;
  /** Missing where sizes are not ours to choose. Prints `<memory in bytes> <CPUs>` as the machine's limits say, in the machine; the memory may be that much smaller (bytes). */
  readonly limits?: { readonly script: string; readonly lost: number };
  /** State folder for the suite's machines, where that is what tells machines of two users apart; else the user's own. */
  readonly stateDir?: string;
  /** Environment by which the driver finds its hypervisor; default the process's own. */
  readonly env?: Readonly<Record<string, string>>;
  /** False where the host reaches the machine at its own address: then no port of the host is taken. */
  readonly forwards?: boolean;
  /** False where a disk with snapshots cannot grow. */
  readonly growsWithSnapshots?: boolean;
  /** Two machines of one cluster reach each other at their addresses here, also behind a stand-in. */
  readonly nodesMeet?: true;
  /** Milliseconds from start to SSH on a busy host; default a minute. */
  readonly bootMs?: number;
  /** Options of the driver's own for every spec. */
  readonly options?: () => Readonly<Record<string, string>>;
  /** What makes a spec another one; default another size. */
  readonly other?: Partial<MachineSpec> | (() => Partial<MachineSpec>);
  /** The host is there already and no hypervisor's: one machine at a time, its size, power and ports are not the driver's. */
  readonly isExistingHost?: true;
  /** A server of its own: it runs once it is made, has ports of its own, and no power button. */
  readonly isMetal?: true;
  /** Commands of `create` after which a process may be killed: word sequences found in the argv. */
  readonly killPoints: readonly string[];
  /** About how long a `create` takes here whose image is there (milliseconds); it is then also killed at random moments within that. */
  readonly createMs?: number;
  /** Words of a program of `create` that goes on when localkube is killed while it runs. */
  readonly lasting?: readonly string[];
}

export interface DriverWorld {
  readonly driver: Driver;
  readonly host: HostContext;
  readonly context: (signal?: AbortSignal) => RunContext;
  /** A spec whose machine is removed at the end; `name` without the prefix. */
  readonly spec: (name: string, rest?: Partial<MachineSpec>) => MachineSpec;
  /** Do not remove that machine at the end: it is not ours. */
  readonly forget: (machine: string) => void;
  readonly withSsh: <T>(m: MachineRef, work: (transport: Transport) => Promise<T>) => Promise<T>;
  readonly traces: (name: string) => Promise<readonly string[]>;
  /** Runs `create` in a process of its own that is killed (-9) after the command of that kill point. */
  readonly createKilled: (wanted: MachineSpec, point: string) => Promise<void>;
  /** The same, but that many milliseconds after `create` began, and with whatever programs it runs then. It may be done by then. */
  readonly createKilledWithin: (wanted: MachineSpec, ms: number) => Promise<void>;
  /** The same, as soon as a program with these words, one after the other, runs; the program itself continues. */
  readonly createKilledDuring: (wanted: MachineSpec, words: readonly string[]) => Promise<void>;
  readonly bootMs: number;
  readonly path: (name: string) => string;
  readonly keys: () => MachineKeys;
  readonly open: () => Promise<void>;
  /** Removes everything, then looks: rejects when the hypervisor still has something of the prefix. */
  readonly close: () => Promise<void>;
}

const child = join(import.meta.dirname, "driver-create-child.ts");

/** What the suite's tests share: one key pair and image, names with the prefix, removal of all machines at the end. */
export function driverWorld(subject: DriverUnderTest, prefix: string): DriverWorld {
  const { bootMs = 60_000, stateDir, env } = subject;
  const real = hostContext({ ...process.env, ...env });
  const host = stateDir === undefined ? real : { ...real, stateDir };
  const context = (signal: AbortSignal = AbortSignal.timeout(120_000)): RunContext => ({
    host,
    signal,
    report: () => undefined,
    log: () => undefined,
  });
  const driver = subject.definition.open(host);
  const made = new Set<string>();
  let folder: string;
  let image: MachineImage;
  let keys: MachineKeys;

  /** A cluster of one: its machine has the name of the cluster's first. */
  const cluster = (name: string): string => `${prefix}-${name}`.replace(/^localkube-/, "");
  const spec = (name: string, rest: Partial<MachineSpec> = {}): MachineSpec => {
    made.add(`${prefix}-${name}`);
    return {
      name: `${prefix}-${name}`,
      hostname: `${name}-host`,
      cpus: 1,
      memoryMiB: 1536,
      diskGiB: 20,
      image,
      ports: [
        { name: "ssh", guestPort: 22, hostPort: 0 },
        { name: "api", guestPort: 6443, hostPort: 0 },
      ],
      authorizedKey: keys.identity.publicKey,
      identityFile: join(folder, "id"),
      hostKey: keys.hostKey,
      network: { cluster: cluster(name), index: 0, avoid: ["10.96.0.0/12", "10.244.0.0/16"] },
      runtime: "containerd",
      options: subject.options?.() ?? {},
      apiOverSsh: true,
      ...rest,
    };
  };
  const withSsh: DriverWorld["withSsh"] = async <T>(
    m: MachineRef,
    work: (transport: Transport) => Promise<T>,
  ): Promise<T> => {
    const endpoint = accessEndpoint(
      m.access ?? { host: "127.0.0.1", port: m.ports.ssh, user: "root" },
      { identityFile: join(folder, "id"), hostKey: keys.hostKey.publicKey },
      host,
    );
    const transport = await connect(endpoint, {
      signal: AbortSignal.timeout(bootMs),
      timeoutMs: bootMs,
      log: () => undefined,
    });
    try {
      return await work(transport);
    } finally {
      await transport.close();
    }
  };
  const traces = (name: string) => subject.traces(`${prefix}-${name}`, context());
  /** In a process group of its own, for the programs that it starts to be killed with it. */
  const createChild = (wanted: MachineSpec, point: string) => {
    const started = spawn(process.execPath, [child, subject.definition.name, point], {
      stdio: ["pipe", "pipe", "inherit"],
      env: { ...host.env, LOCALKUBE_HOME: host.stateDir },
      detached: true,
    });
    started.stdin.end(JSON.stringify(wanted));
    return started;
  };
  const createKilledWithin: DriverWorld["createKilledWithin"] = async (wanted, ms) => {
    const killed = createChild(wanted, "");
    const ended = once(killed, "exit");
    // It says so when it begins; or it ends, and there is nothing to kill.
    await Promise.race([once(killed.stdout, "data"), ended]);
    await Promise.race([sleep(ms), ended]);
    if (killed.pid !== undefined && killed.exitCode === null) process.kill(-killed.pid, "SIGKILL");
    await ended;
  };
  const createKilledDuring: DriverWorld["createKilledDuring"] = async (wanted, words) => {
    const killed = createChild(wanted, "");
    const ended = once(killed, "exit");
    const isThere = async (): Promise<boolean> => {
      const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
      const lines = pids.map((pid) => readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => ""));
      return (await Promise.all(lines)).some(
        (line) => line.includes(words.join("\0")) && line.includes(wanted.name),
      );
    };
    while (killed.exitCode === null && !(await isThere())) await sleep(5);
    expect(killed.exitCode).toBeNull();
    killed.kill("SIGKILL");
    await ended;
  };
  const createKilled: DriverWorld["createKilled"] = async (wanted, point) => {
    const killed = createChild(wanted, point);
    const [, signal] = (await once(killed, "exit")) as [number | null, NodeJS.Signals | null];
    expect(signal).toBe("SIGKILL");
    expect(await subject.traces(wanted.name, context())).not.toEqual([]);
  };
  return {
    driver,
    host,
    context,
    spec,
    forget: (machine) => void made.delete(machine),
    withSsh,
    traces,
    createKilled,
    createKilledWithin,
    createKilledDuring,
    bootMs,
    path: (name) => join(folder, name),
    keys: () => keys,
    async open() {
      folder = await mkdtemp(join(tmpdir(), "localkube-driver-"));
      keys = await ensureKeys({ identityFile: join(folder, "id"), hostKeyFile: join(folder, "host") });
      image = await subject.image(context(AbortSignal.timeout(900_000)));
    },
    async close() {
      for (const name of made) await driver.removeByName(name, context());
      await rm(folder, { recursive: true, force: true });
      expect(await subject.traces(prefix, context())).toEqual([]);
    },
  };
}
