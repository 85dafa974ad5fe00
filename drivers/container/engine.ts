import type { CommandOptions, CommandResult, HostContext, RunContext } from "../../src/contract/host.ts";

/** What differs between podman and docker, as data; everything else they share. */
export interface EngineDialect {
  readonly program: "podman" | "docker";
  /** Debian packages that bring it. */
  readonly packages: readonly string[];
  /** Variables of the environment that point the program at an engine of another machine. */
  readonly addressVariable: string;
  /** Go template over `info` that prints the facts below as JSON. */
  readonly infoFormat: string;
  readonly parseInfo: (json: unknown) => EngineInfo;
  /** What a machine needs beside the engine's program; undefined when it is all there. */
  readonly missing?: (host: HostContext) => Promise<string | undefined>;
  /** Containers are children of the program we start, so that our own limits are the most they can have. */
  readonly forksContainers: boolean;
  /** Options of `create` that make an init system run inside. */
  readonly initOptions: readonly string[];
  /** Options of `create` that keep the container's output where `logs` finds it, within bounds. */
  readonly logOptions: readonly string[];
  /** Options of `network create` beyond subnet and label. */
  readonly networkOptions: readonly string[];
  /** Options of `rm --force` that make it kill at once instead of waiting for a shutdown. */
  readonly killOptions: readonly string[];
  /** Prefix of locally imported images. */
  readonly imagePrefix: string;
  /**
   * Removes what an interrupted start or stop left of a network outside the engine's own knowledge; missing where a daemon sees to that.
   * Called while no container of the network runs; `facts` is what `network inspect` says. Succeeds when there is nothing.
   */
  readonly clearNetwork?: (
    facts: unknown,
    container: ContainerFacts | undefined,
    c: RunContext,
  ) => Promise<void>;
  /** The engine's words when a start fails because of such remains. */
  readonly remainsInTheWay?: RegExp;
}

export interface EngineInfo {
  readonly version: string;
  readonly rootless: boolean;
  readonly cgroupVersion: 1 | 2;
  readonly ociRuntime: string;
  /** The host reaches the containers' addresses; not so when the engine hides in a virtual machine. */
  readonly addressReachable: boolean;
}

/** Label on everything we make in an engine; its value is the machine's name. */
export const ownerLabel = "dev.localkube.machine";
/** Label with the state folder whose profile the machine belongs to: other folders' machines are not ours to touch. */
export const homeLabel = "dev.localkube.home";
/** Label with the hash of the spec a container was made from. */
export const specLabel = "dev.localkube.spec";
/** Label with the machine's reference as JSON. */
export const refLabel = "dev.localkube.ref";

/** What `container inspect` of podman and docker says and we ask. */
export interface ContainerFacts {
  readonly Id: string;
  readonly State: {
    readonly Status: string;
    readonly ExitCode: number;
    readonly Error?: string;
    /** Year 1 when it never ran. */
    readonly StartedAt?: string;
  };
  readonly Config: { readonly Labels?: Readonly<Record<string, string>> | null };
  readonly HostConfig?: {
    /** By the guest's port and protocol: `22/tcp`. */
    readonly PortBindings?: Readonly<Record<string, readonly { readonly HostPort: string }[] | null>> | null;
  };
  readonly NetworkSettings?: { readonly Networks?: Readonly<Record<string, unknown>> | null };
}

export type ObjectKind = "container" | "network" | "volume" | "image";

export interface Engine {
  readonly dialect: EngineDialect;
  /** A question. */
  run(args: readonly string[], options?: CommandOptions): Promise<CommandResult>;
  /**
   * A change. An engine's program that is killed in the middle of one leaves it half done (podman: an address that is taken for ever, a
   * bridge, a namespace, rules), so after an abort or the deadline it is let end.
   */
  change(args: readonly string[], options?: CommandOptions): Promise<CommandResult>;
  /** `inspect` of one object as JSON, undefined when there is none of that name. */
  inspect(kind: ObjectKind, name: string, options?: CommandOptions): Promise<unknown>;
}

/**
 * How podman 4 to 5 and docker 20 to 29 say that an object is not there. Narrow on purpose: a docker that does not answer says «dial
 * unix /var/run/docker.sock: connect: no such file or directory», and a machine must not be taken for gone because of that.
 */
const absence: Readonly<Record<ObjectKind, RegExp>> = {
  container: /no such container|no container with name or id/i,
  network: /no such network|network \S+ not found|network not found/i,
  volume: /no such volume/i,
  image: /no such image|image not known/i,
};

/** A start takes podman three seconds on a busy host, an import of the image ten. */
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
      // Not «absent»: repeat it so that the failure is reported with the engine's own words.
      return (JSON.parse((await run(argv, options)).stdout) as unknown[])[0];
    },
  };
}

export async function engineInfo(engine: Engine, options: CommandOptions): Promise<EngineInfo> {
  const { dialect } = engine;
  const { stdout } = await engine.run(["info", "--format", dialect.infoFormat], options);
  return dialect.parseInfo(JSON.parse(stdout));
}
