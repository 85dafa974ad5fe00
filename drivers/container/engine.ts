import type { CommandOptions, CommandResult, HostContext, RunContext } from "../../src/contract/host.ts";

/** What differs between podman and docker, as data; they share everything else. */
export interface EngineDialect {
  readonly program: "podman" | "docker";
  /** Debian packages that contain it. */
  readonly packages: readonly string[];
  /** Environment variables that point the program at an engine on another machine. */
  readonly addressVariable: string;
  /** Go template over `info` that prints the facts below as JSON. */
  readonly infoFormat: string;
  readonly parseInfo: (json: unknown) => EngineInfo;
  /** What a machine needs besides the engine's program; undefined when nothing is missing. */
  readonly missing?: (host: HostContext) => Promise<string | undefined>;
  /** Containers are children of the program we start, so they cannot exceed our own limits. */
  readonly forksContainers: boolean;
  /** Options of `create` that let an init system run inside. */
  readonly initOptions: readonly string[];
  /** Options of `create` that keep variables of the engine's configuration from the first process; missing where it has none. */
  readonly environmentOptions?: (info: EngineInfo) => readonly string[];
  /** Options of `create` that keep the container's output where `logs` finds it, with a size limit. */
  readonly logOptions: readonly string[];
  /** Options of `network create` beyond subnet and label. */
  readonly networkOptions: readonly string[];
  /** Options of `rm --force` that make it kill immediately instead of waiting for a shutdown. */
  readonly killOptions: readonly string[];
  /** Prefix of locally imported images. */
  readonly imagePrefix: string;
  /**
   * Removes what an interrupted start or stop left behind of a network without the engine knowing; missing where a daemon takes care of that.
   * Called while no container of the network runs; `facts` is the output of `network inspect`. Succeeds when there is nothing to remove.
   */
  readonly clearNetwork?: (
    facts: unknown,
    container: ContainerFacts | undefined,
    c: RunContext,
  ) => Promise<void>;
  /** The engine's message when a start fails because of such leftovers. */
  readonly remainsInTheWay?: RegExp;
}

export interface EngineInfo {
  readonly version: string;
  readonly rootless: boolean;
  readonly cgroupVersion: 1 | 2;
  readonly ociRuntime: string;
  /** The host can reach the containers' addresses; false when the engine runs in a virtual machine. */
  readonly addressReachable: boolean;
}

/** Label on everything we create in an engine; its value is the machine's name. */
export const ownerLabel = "dev.localkube.machine";
/** Label with the state folder whose profile the machine belongs to: machines of other state folders are not ours to touch. */
export const homeLabel = "dev.localkube.home";
/** Label with the hash of the spec a container was created from. */
export const specLabel = "dev.localkube.spec";
/** Label with the machine's reference as JSON. */
export const refLabel = "dev.localkube.ref";

/** The parts of podman's and docker's `container inspect` output that we use. */
export interface ContainerFacts {
  readonly Id: string;
  readonly State: {
    readonly Status: string;
    readonly ExitCode: number;
    readonly Error?: string;
    /** Year 1 if it never ran. */
    readonly StartedAt?: string;
  };
  readonly Config: { readonly Labels?: Readonly<Record<string, string>> | null };
  readonly HostConfig?: {
    /** Keyed by the guest's port and protocol: `22/tcp`. */
    readonly PortBindings?: Readonly<Record<string, readonly { readonly HostPort: string }[] | null>> | null;
  };
  /** Volumes and bind mounts. */
  readonly Mounts?: readonly { readonly Destination: string }[] | null;
  readonly NetworkSettings?: { readonly Networks?: Readonly<Record<string, unknown>> | null };
}

export type ObjectKind = "container" | "network" | "volume" | "image";

export interface Engine {
  readonly dialect: EngineDialect;
  /** Read-only. */
  run(args: readonly string[], options?: CommandOptions): Promise<CommandResult>;
  /**
   * Changes something. An engine's program killed halfway leaves the change half done (podman: an address that stays allocated forever, a
   * bridge, a namespace, rules), so after an abort or the deadline it is allowed to finish.
   */
  change(args: readonly string[], options?: CommandOptions): Promise<CommandResult>;
  /** `inspect` of one object as JSON; undefined when there is none of that name. */
  inspect(kind: ObjectKind, name: string, options?: CommandOptions): Promise<unknown>;
}

/**
 * How podman 4 to 5 and docker 20 to 29 report that an object does not exist. Deliberately narrow: a docker that does not answer says "dial
 * unix /var/run/docker.sock: connect: no such file or directory", and that must not make a machine count as gone.
 */
const absence: Readonly<Record<ObjectKind, RegExp>> = {
  container: /no such container|no container with name or id/i,
  network: /no such network|network \S+ not found|network not found/i,
  volume: /no such volume/i,
  image: /no such image|image not known/i,
};

/** podman takes three seconds to start a container on a busy host, and ten to import the image. */
const settleMs = 30_000;

export function openEngine(dialect: EngineDialect, host: HostContext): Engine {
  const run: Engine["run"] = (args, options) => host.run([dialect.program, ...args], options);
  return {
    dialect,
    run,
    change: (args, options) => run(args, { settleMs, ...options }),
    async inspect(kind, name, options) {
      const argv = [kind, "inspect", name];
      const { exitCode, stdout, stderr } = await run(argv, { ...options, allowFailure: true });
      if (exitCode === 0) return (JSON.parse(stdout) as unknown[])[0];
      if (absence[kind].test(stderr)) return undefined;
      // Not "absent": run it again so that the failure is reported with the engine's own message.
      return (JSON.parse((await run(argv, options)).stdout) as unknown[])[0];
    },
  };
}

export async function engineInfo(engine: Engine, options: CommandOptions): Promise<EngineInfo> {
  const { dialect } = engine;
  const { stdout } = await engine.run(["info", "--format", dialect.infoFormat], options);
  return dialect.parseInfo(JSON.parse(stdout));
}
