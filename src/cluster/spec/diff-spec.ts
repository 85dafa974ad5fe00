import type { ClusterSpec } from "../../contract/cluster-spec.ts";
import type { DriverOption } from "../../contract/driver-option.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import { flagOfField, layerFromSpec, type SpecLayer } from "./spec-layer.ts";

/**
 * What a change means for an existing cluster: `recreate` cannot be applied to it, `resize` needs a driver that supports it,
 * `reconfigure` is applied by the next start, `client` concerns only this command and the kubeconfig.
 */
export type ChangeEffect = "recreate" | "resize" | "reconfigure" | "client";

export interface SpecChange {
  readonly field: keyof SpecLayer;
  readonly flag: string;
  readonly from: string;
  readonly to: string;
  readonly effect: ChangeEffect;
}

/** What was decided when the cluster was created; `auto`, `cri` and an empty version refer to it. */
export interface SettledChoices {
  readonly driver: string;
  readonly runtime: string;
  readonly kubernetesVersion: string;
  /** `upstream` or `debian`. */
  readonly artifacts: string;
}

const effects: Readonly<Record<Exclude<keyof SpecLayer, "driverOptions">, ChangeEffect>> = {
  name: "recreate",
  driver: "recreate",
  runtime: "recreate",
  kubernetesVersion: "reconfigure",
  // The node's programs come from there, including etcd with its data: there is no guarantee that one source's programs can read the other's data.
  artifacts: "recreate",
  mirror: "client",
  cpus: "resize",
  memory: "resize",
  diskSize: "resize",
  os: "recreate",
  image: "recreate",
  cni: "recreate",
  serviceCidr: "recreate",
  podCidr: "recreate",
  extraConfig: "reconfigure",
  featureGates: "reconfigure",
  apiserverNames: "reconfigure",
  apiserverIps: "reconfigure",
  apiserverPort: "recreate",
  apiOverSsh: "recreate",
  wait: "client",
  waitTimeout: "client",
  keepContext: "client",
  embedCerts: "client",
};

/** Every field in which the requested spec differs from the existing cluster. Pure. */
export function diffSpec(
  old: ClusterSpec,
  wanted: ClusterSpec,
  settled: SettledChoices,
  options: readonly DriverOption[] = [],
): readonly SpecChange[] {
  const { driver, runtime, kubernetesVersion, artifacts } = settled;
  const before: SpecLayer = { ...layerFromSpec(old), driver, runtime, kubernetesVersion, artifacts };
  const after: SpecLayer = { ...layerFromSpec(wanted), ...settledOf(wanted, settled) };
  const fields = (Object.keys(effects) as (keyof typeof effects)[]).flatMap((field): SpecChange[] => {
    const [from, to] = [textOf(before[field]), textOf(after[field])];
    return from === to ? [] : [{ field, flag: flagOfField[field], from, to, effect: effects[field] }];
  });
  return [...fields, ...optionChanges(old.driverOptions, wanted.driverOptions, options)];
}

function optionChanges(
  old: ClusterSpec["driverOptions"],
  wanted: ClusterSpec["driverOptions"],
  options: readonly DriverOption[],
): readonly SpecChange[] {
  return options.flatMap(({ name, change }): SpecChange[] => {
    const [from, to] = [old[name] ?? "none", wanted[name] ?? "none"];
    return from === to ? [] : [{ field: "driverOptions", flag: name, from, to, effect: change }];
  });
}

/**
 * Throws for the first change that an existing cluster cannot take: CHANGE_NEEDS_RECREATE, also for cpus and memory when the driver
 * cannot resize, or KUBERNETES_DOWNGRADE.
 */
export function assertChangeable(
  name: string,
  changes: readonly SpecChange[],
  driver: { readonly resize: boolean },
): void {
  for (const { field, flag, from, to, effect } of changes) {
    if (effect === "recreate" || (effect === "resize" && !driver.resize))
      throw new LocalkubeError("CHANGE_NEEDS_RECREATE", { name, field: flag, from, to });
    if (field === "kubernetesVersion" && isOlder(to, from))
      throw new LocalkubeError("KUBERNETES_DOWNGRADE", { name, from, to });
  }
}

function settledOf(wanted: ClusterSpec, settled: SettledChoices): SettledChoices {
  return {
    driver: wanted.driver === "auto" ? settled.driver : wanted.driver,
    runtime: wanted.runtime === "cri" ? settled.runtime : wanted.runtime,
    kubernetesVersion: wanted.kubernetesVersion || settled.kubernetesVersion,
    artifacts: wanted.artifacts === "auto" ? settled.artifacts : wanted.artifacts,
  };
}

/** A release is newer than its own release candidates; a text comparison would reverse that. */
function isOlder(a: string, b: string): boolean {
  const [coreA = "", candidateA = ""] = a.split(/-(.*)/);
  const [coreB = "", candidateB = ""] = b.split(/-(.*)/);
  const order = coreA.localeCompare(coreB, "en", { numeric: true });
  if (order !== 0) return order < 0;
  if (candidateA === "" || candidateB === "") return candidateA !== "" && candidateB === "";
  return candidateA.localeCompare(candidateB, "en", { numeric: true }) < 0;
}

/** The order of keys makes no difference. */
function textOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  if (Array.isArray(value)) return value.join(",");
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries
    .map(([key, inner]) => (typeof inner === "object" ? `${key}{${textOf(inner)}}` : `${key}=${inner}`))
    .join(",");
}
