import type { CommandOptions, CommandResult, HostContext } from "../../src/contract/host.ts";

/** What differs between podman and docker, as data; everything else they share. */
export interface EngineDialect {
  readonly program: "podman" | "docker";
  /** Debian packages that bring it. */
  readonly packages: readonly string[];
  /** Go template over `info` that prints the facts below as JSON. */
  readonly infoFormat: string;
  readonly parseInfo: (json: unknown) => EngineInfo;
  /** Options of `create` that make an init system run inside. */
  readonly initOptions: readonly string[];
  /** Options of `network create` beyond subnet and label. */
  readonly networkOptions: readonly string[];
  /** Prefix of locally imported images. */
  readonly imagePrefix: string;
}

export interface EngineInfo {
  readonly version: string;
  readonly rootless: boolean;
  readonly cgroupVersion: 1 | 2;
  readonly ociRuntime: string;
}

/** Label on everything we make in an engine; its value is the machine's name. */
export const ownerLabel = "dev.localkube.machine";
/** Label with the hash of the spec a container was made from. */
export const specLabel = "dev.localkube.spec";

export interface Engine {
  readonly dialect: EngineDialect;
  run(args: readonly string[], options?: CommandOptions): Promise<CommandResult>;
  /** `inspect` of one object as JSON, undefined when there is none of that name. */
  inspect(
    kind: "container" | "network" | "volume" | "image",
    name: string,
    options?: CommandOptions,
  ): Promise<unknown>;
}

export function openEngine(dialect: EngineDialect, host: HostContext): Engine {
  const run: Engine["run"] = (args, options) => host.run([dialect.program, ...args], options);
  return {
    dialect,
    run,
    async inspect(kind, name, options) {
      const { exitCode, stdout, stderr } = await run([kind, "inspect", name], {
        ...options,
        allowFailure: true,
      });
      if (exitCode === 0) return (JSON.parse(stdout) as unknown[])[0];
      if (/no such|not found|not known|unable to find|does not exist/i.test(stderr)) return undefined;
      // Not «absent»: repeat it so that the failure is reported with the engine's own words.
      return (JSON.parse((await run([kind, "inspect", name], options)).stdout) as unknown[])[0];
    },
  };
}
