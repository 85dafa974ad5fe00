import type { DriverDefinition } from "./driver.ts";
import type { DriverOption } from "./driver-option.ts";
import type { ErrorDetails, ErrorParams, ErrorTable } from "./errors/entry.ts";
import type { HostContext } from "./host.ts";
import type { ConnectSsh } from "./transport.ts";

export type * from "./driver.ts";
export type * from "./driver-option.ts";
export type * from "./errors/entry.ts";
export type * from "./host.ts";
export type * from "./transport.ts";

/** Field `localkube` of the package.json of a driver from npm (`localkube-driver-<name>`): what is known of it without running its code. */
export interface DriverManifest {
  /** The version of this contract that it was written for. */
  readonly apiVersion: 1;
  /** One line for `localkube doctor`. */
  readonly summary: string;
  /** Flags of `start`; each name begins with the driver's name and a hyphen. */
  readonly options?: readonly DriverOption[];
}

/** An error as users see it: what failed, one fix, an exit code. */
export interface PresentedError extends Error {
  readonly id: string;
  readonly exitCode: number;
  readonly fix: string;
}

/**
 * What localkube hands to a driver from npm, so that the driver needs no copy of localkube. The driver's package has a module (`main` in its
 * package.json) whose default export is a `CreateDriver`.
 */
export interface DriverKit {
  /** An error that all drivers share: an id of docs/errors.md that begins with DRIVER_, with a value for each of its places. */
  readonly LocalkubeError: new (id: string, params?: ErrorParams, details?: ErrorDetails) => PresentedError;
  /** The class of the driver's own errors; their ids begin with its name in capitals and an underscore. Throws for any other id. */
  readonly errorsOf: <T extends ErrorTable>(
    table: T,
  ) => new (id: keyof T & string, params?: ErrorParams, details?: ErrorDetails) => PresentedError;
  /** Opens an SSH connection to a machine, for drivers that have to talk to it. */
  readonly connectSsh: ConnectSsh;
  /**
   * A port of 127.0.0.1 for each request: the one it names, or a free one that is not in `taken`. Nothing is reserved. Rejects with
   * DRIVER_NO_FREE_PORT.
   */
  readonly choosePorts: <N extends string>(
    machine: string,
    requests: readonly { readonly name: N; readonly hostPort: number }[],
    taken: ReadonlySet<number>,
  ) => Promise<Readonly<Record<N, number>>>;
  /** As many /24 networks that overlap no route of this host and none of `avoid` (CIDR). Rejects with DRIVER_NO_FREE_NETWORK. */
  readonly freeNetworks: (
    name: string,
    wanted: number,
    avoid: readonly string[],
    host: Pick<HostContext, "run">,
  ) => Promise<readonly string[]>;
  /** Absolute path of a program on PATH; undefined when it is not installed. */
  readonly findProgram: (name: string, host: Pick<HostContext, "env">) => Promise<string | undefined>;
}

export type CreateDriver = (kit: DriverKit) => DriverDefinition;
