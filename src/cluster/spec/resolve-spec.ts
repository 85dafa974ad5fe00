import { resolve } from "node:path";
import { normaliseVersion } from "../../artifacts/catalogue/kubernetes-version.ts";
import { type ClusterSpec, operatingSystems } from "../../contract/cluster-spec.ts";
import type { DriverOption } from "../../contract/driver-option.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { HostCapacity } from "../../host/capacity.ts";
import { didYouMean } from "../../host/nearest-word.ts";
import { profileName } from "../../state/profile-name.ts";
import { ownOptions, parseDriverOptions } from "./parse-driver-options.ts";
import { parseExtraConfig } from "./parse-extra-config.ts";
import { isAddress, parseImage } from "./parse-image.ts";
import { parseApiServerIps, parseApiServerNames, parseFeatureGates, parseWait } from "./parse-lists.ts";
import { parseCidrs } from "./parse-networks.ts";
import {
  parseCpus,
  parseDiskSize,
  parseMemory,
  parsePort,
  parseSwitch,
  parseWaitTimeout,
} from "./parse-quantities.ts";
import { specDefaults } from "./spec-defaults.ts";
import { flagOfField, layerFromSpec, type SpecLayer } from "./spec-layer.ts";

/** The sources of a cluster's spec, strongest first. */
export interface SpecSources {
  readonly flags?: SpecLayer;
  readonly file?: SpecLayer;
  readonly existing?: ClusterSpec | undefined;
  readonly settings?: SpecLayer;
}

/** What the host and the registries offer. */
export interface SpecSurroundings {
  readonly capacity: HostCapacity;
  /** Names other than `auto`. */
  readonly drivers: readonly string[];
  /** Names other than `cri`. */
  readonly runtimes: readonly string[];
  /** By driver. */
  readonly driverOptions?: Readonly<Record<string, readonly DriverOption[]>>;
}

const artifactSources = ["auto", "upstream", "debian"] as const;

/**
 * The spec from all sources, field by field. Precedence: flags, file, existing cluster, settings, defaults; a list or table of a
 * stronger source replaces the weaker one's as a whole. Pure except for the current folder, which relative paths are resolved
 * against. Throws the usage error of the first invalid field; what only the host can tell is checked by `checkSpecOnHost`.
 */
export function resolveSpec(sources: SpecSources, surroundings: SpecSurroundings): ClusterSpec {
  const wish: Required<SpecLayer> = {
    ...specDefaults(surroundings.capacity),
    ...sources.settings,
    ...(sources.existing && layerFromSpec(sources.existing)),
    ...sources.file,
    ...sources.flags,
  };
  const os = oneOf("OS_UNKNOWN", wish.os, operatingSystems);
  const { driverOptions: table = {} } = surroundings;
  const options = {
    ...ownOptions(sources.settings?.driverOptions, wish.driver, table),
    ...sources.existing?.driverOptions,
    ...sources.file?.driverOptions,
    ...sources.flags?.driverOptions,
  };
  return {
    apiVersion: "localkube/v1",
    kind: "Cluster",
    name: profileName(wish.name),
    driver: oneOf("DRIVER_UNKNOWN", wish.driver, ["auto", ...surroundings.drivers]),
    driverOptions: parseDriverOptions(options, wish.driver, table),
    runtime: oneOf("RUNTIME_UNKNOWN", wish.runtime, [...new Set(["cri", ...surroundings.runtimes])]),
    kubernetesVersion: parseVersion(wish.kubernetesVersion),
    artifacts: oneOf("ARTIFACTS_UNKNOWN", wish.artifacts, artifactSources),
    // An address with an unsupported scheme is rejected as an address, never taken for a folder of that name.
    mirror: isAddress(wish.mirror) || wish.mirror === "" ? wish.mirror : resolve(wish.mirror),
    cpus: parseCpus(wish.cpus),
    memoryMiB: parseMemory(wish.memory),
    diskGiB: parseDiskSize(wish.diskSize),
    os,
    image: parseImage(wish.image, os),
    cni: ["bridge", "none"].includes(wish.cni) || wish.cni === "" ? wish.cni || "bridge" : resolve(wish.cni),
    ...parseCidrs(wish.serviceCidr, wish.podCidr),
    extraConfig: parseExtraConfig(wish.extraConfig),
    featureGates: parseFeatureGates(wish.featureGates),
    apiServer: {
      names: parseApiServerNames(wish.apiserverNames),
      ips: parseApiServerIps(wish.apiserverIps),
      port: parsePort(wish.apiserverPort, flagOfField.apiserverPort),
      overSsh: parseSwitch(wish.apiOverSsh, flagOfField.apiOverSsh),
    },
    wait: parseWait(wish.wait),
    waitTimeoutSeconds: parseWaitTimeout(wish.waitTimeout),
    keepContext: parseSwitch(wish.keepContext, flagOfField.keepContext),
    embedCerts: parseSwitch(wish.embedCerts, flagOfField.embedCerts),
  };
}

function oneOf<T extends string>(
  id: "DRIVER_UNKNOWN" | "RUNTIME_UNKNOWN" | "ARTIFACTS_UNKNOWN" | "OS_UNKNOWN",
  value: string,
  known: readonly T[],
): T {
  const found = known.find((name) => name === value);
  if (found !== undefined) return found;
  throw new LocalkubeError(id, {
    value,
    driver: value,
    hint: didYouMean(value, known),
    known: known.join(", "),
  });
}

/** `stable` and `latest` are other tools' names for the default. */
function parseVersion(version: string): string {
  return ["", "stable", "latest"].includes(version) ? "" : normaliseVersion(version);
}
