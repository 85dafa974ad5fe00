import type { ClusterSpec } from "../../contract/cluster-spec.ts";
import { driverOptions } from "../../machine/driver-options.ts";
import type { DriverOptionValues } from "./parse-driver-options.ts";

/** Values requested by one source (flags, file, settings), by field, as the user wrote them. Fields the source does not set are absent. */
export interface SpecLayer {
  readonly name?: string;
  readonly driver?: string;
  /** By option; unlike other tables, these are merged option by option, because each option is a flag. */
  readonly driverOptions?: DriverOptionValues;
  readonly runtime?: string;
  readonly kubernetesVersion?: string;
  readonly artifacts?: string;
  readonly mirror?: string;
  readonly cpus?: string | number;
  /** `4G`, `4096m` or a number of MiB. */
  readonly memory?: string | number;
  /** `20G` or a number of GiB. */
  readonly diskSize?: string | number;
  readonly os?: string;
  readonly image?: string;
  readonly cni?: string;
  readonly serviceCidr?: string;
  readonly podCidr?: string;
  /** `COMPONENT.KEY=VALUE` once or several times, or values by component and key. */
  readonly extraConfig?: string | readonly string[] | ExtraConfigTable;
  /** `A=true,B=false`, or values by name. */
  readonly featureGates?: string | readonly string[] | Readonly<Record<string, boolean>>;
  readonly apiserverNames?: string | readonly string[];
  readonly apiserverIps?: string | readonly string[];
  readonly apiserverPort?: string | number;
  readonly apiOverSsh?: string | boolean;
  /** A list, `all` or `none`. */
  readonly wait?: string | readonly string[];
  /** `6m`, `360s` or a number of seconds. */
  readonly waitTimeout?: string | number;
  readonly keepContext?: string | boolean;
  readonly embedCerts?: string | boolean;
}

export type ExtraConfigTable = Readonly<Record<string, Readonly<Record<string, string | number | boolean>>>>;

/** The flag of `start` (and key of `config set`) that sets a field. */
export const flagOfField = {
  name: "profile",
  driver: "driver",
  // Each option is a flag of its own; see `layerFromFlags`.
  driverOptions: "driverOptions",
  runtime: "runtime",
  kubernetesVersion: "kubernetes-version",
  artifacts: "artifacts",
  mirror: "mirror",
  cpus: "cpus",
  memory: "memory",
  diskSize: "disk-size",
  os: "os",
  image: "image",
  cni: "cni",
  serviceCidr: "service-cidr",
  podCidr: "pod-cidr",
  extraConfig: "extra-config",
  featureGates: "feature-gates",
  apiserverNames: "apiserver-names",
  apiserverIps: "apiserver-ips",
  apiserverPort: "apiserver-port",
  apiOverSsh: "api-over-ssh",
  wait: "wait",
  waitTimeout: "wait-timeout",
  keepContext: "keep-context",
  embedCerts: "embed-certs",
} as const satisfies Record<keyof SpecLayer, string>;

/** A layer from parsed flags or stored settings; flags that do not concern the cluster are ignored, as are undefined ones. */
export function layerFromFlags(flags: Readonly<Record<string, unknown>>): SpecLayer {
  const fields = Object.entries(flagOfField).filter(([, flag]) => flags[flag] !== undefined);
  const names = Object.values(driverOptions).flatMap((list) => list.map(({ name }) => name));
  const given = names.filter((name) => flags[name] !== undefined);
  return {
    ...Object.fromEntries(fields.map(([field, flag]) => [field, flags[flag]])),
    ...(given.length > 0
      ? { driverOptions: Object.fromEntries(given.map((name) => [name, flags[name]])) as DriverOptionValues }
      : {}),
  };
}

/** The spec an existing cluster was created with, as a layer. */
export function layerFromSpec(spec: ClusterSpec): SpecLayer {
  const { memoryMiB, diskGiB, apiServer, waitTimeoutSeconds, extraConfig, ...same } = spec;
  return {
    ...same,
    extraConfig: extraConfig,
    memory: memoryMiB,
    diskSize: diskGiB,
    apiserverNames: apiServer.names,
    apiserverIps: apiServer.ips,
    apiserverPort: apiServer.port,
    apiOverSsh: apiServer.overSsh,
    waitTimeout: waitTimeoutSeconds,
  };
}
