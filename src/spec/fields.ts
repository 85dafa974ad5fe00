import * as v from "valibot";
import { artifactSources } from "../contract/cluster-spec.ts";
import { components } from "../contract/components.ts";
import {
  field,
  number,
  optionValues,
  text,
  texts,
  yesOrNo,
  type FieldTable,
  type LayerOf,
  type SpecOf,
} from "./field.ts";
import { clientFields } from "./client-fields.ts";
import { machineFields } from "./machine-fields.ts";
import { type AddonWish, mergeAddons, parseAddons } from "./parse/addons.ts";
import { choiceOf, runtimeChoice } from "./parse/choice.ts";
import { mergeDriverOptions, optionsInFolder, parseDriverOptions } from "./parse/driver-options.ts";
import { parseExtraConfig } from "./parse/extra-config.ts";
import { parseApiServerIps, parseApiServerNames, parseFeatureGates } from "./parse/lists.ts";
import { mirrorInFolder, parseMirror } from "./parse/paths.ts";
import { defaultProfile, profileName } from "./parse/profile-name.ts";
import { parsePort, parseSwitch } from "./parse/quantities.ts";
import { runtimeFields } from "./runtime-fields.ts";

/**
 * The settings of a cluster, one row each, in the order of the stored spec. Everything else that knows a setting is derived from its row: flag,
 * environment variable, key of `config set`, help and completion (src/cli/spec-flags.ts), `localkube.yaml` and the stored form
 * (schemas.ts), precedence and defaults (resolve-spec.ts), and what a change means for an existing cluster (diff-spec.ts).
 */
export const specFields = {
  /** Profile name: DNS label, 1 to 40 characters. */
  name: field({
    flag: { name: "profile" },
    file: { name: text },
    stored: { name: text },
    default: () => defaultProfile,
    parse: profileName,
    change: "recreate",
  }),
  /** A driver's name or `auto`. */
  driver: field({
    flag: { name: "driver", group: "MACHINE", value: "NAME", help: "What runs the machine: {choices}" },
    ...choiceOf("DRIVER_UNKNOWN", ({ drivers }) => ["auto", ...drivers]),
    file: { driver: text },
    stored: { driver: text },
    default: () => "auto",
    change: "recreate",
    undecided: "auto",
  }),
  /** The driver's own options, only those that were given; see `DriverOption`. Each is a flag, so they are merged one by one. */
  driverOptions: field({
    file: { driverOptions: optionValues },
    stored: { driverOptions: v.record(text, text) },
    default: () => ({}),
    parse: parseDriverOptions,
    merge: mergeDriverOptions,
    inFolder: optionsInFolder,
    change: "each",
  }),
  /** A runtime's name; `cri` = the default CRI runtime. */
  runtime: field({
    flag: { name: "runtime", group: "KUBERNETES", value: "NAME", help: "Container runtime: {choices}" },
    ...runtimeChoice,
    file: { runtime: text },
    stored: { runtime: text },
    default: () => "cri",
    change: "reconfigure",
    undecided: "cri",
  }),
  /** `v1.36.5`; empty = the newest stable version that the artifacts offer. */
  kubernetesVersion: field({
    flag: {
      name: "kubernetes-version",
      group: "KUBERNETES",
      value: "VERSION",
      help: "For example v1.36.5; default: the newest stable one the artifacts offer",
    },
    file: { kubernetesVersion: text },
    stored: { kubernetesVersion: text },
    default: () => "",
    // `stable` and `latest` are other tools' names for the default.
    parse: (version: string, { normaliseVersion }) =>
      ["", "stable", "latest"].includes(version) ? "" : normaliseVersion(version),
    change: "reconfigure",
    undecided: "",
  }),
  artifacts: field({
    flag: {
      name: "artifacts",
      group: "ARTIFACTS",
      value: "SOURCE",
      help: "Where Kubernetes comes from: {choices}",
    },
    ...choiceOf("ARTIFACTS_UNKNOWN", () => [
      "auto",
      { name: "upstream", note: "released binaries" },
      { name: "debian", note: "built once from Debian's source package: v1.20.2" },
    ]),
    file: { artifacts: text },
    stored: { artifacts: v.picklist(["auto", ...artifactSources]) },
    default: () => "auto",
    // The node's programs come from there, including etcd with its data: there is no guarantee that one source's programs can read the other's data.
    change: "recreate",
    undecided: "auto",
  }),
  /** Folder or http(s) URL of a mirror tree; empty = none. */
  mirror: field({
    flag: {
      name: "mirror",
      group: "ARTIFACTS",
      value: "DIR|URL",
      help: "Folder or URL to get artifacts from instead; '' for none",
    },
    file: { mirror: text },
    stored: { mirror: text },
    default: () => "",
    parse: parseMirror,
    inFolder: mirrorInFolder,
    change: "client",
  }),
  ...machineFields,
  extraConfig: field({
    flag: {
      name: "extra-config",
      kind: "lines",
      group: "KUBERNETES",
      value: "COMPONENT.KEY=VALUE",
      help: `A component's own flag; give all of them each time, '' for none; components: ${components.join(", ")}`,
    },
    file: {
      extraConfig: v.strictObject(v.entriesFromList(components, v.optional(optionValues))),
    },
    stored: { extraConfig: v.record(v.picklist(components), v.record(text, text)) },
    default: () => ({}),
    parse: parseExtraConfig,
    change: "reconfigure",
  }),
  featureGates: field({
    flag: {
      name: "feature-gates",
      group: "KUBERNETES",
      value: "LIST",
      help: "A=true,B=false for every component; '' for none",
    },
    file: { featureGates: v.record(text, yesOrNo) },
    stored: { featureGates: v.record(text, yesOrNo) },
    default: () => ({}),
    parse: parseFeatureGates,
    change: "reconfigure",
  }),
  apiserverNames: field({
    flag: {
      name: "apiserver-names",
      kind: "words",
      group: "KUBERNETES",
      help: "Additional DNS names for the API server's certificate; '' for none",
    },
    file: { "apiServer.names": texts },
    stored: { "apiServer.names": texts },
    default: () => [],
    parse: parseApiServerNames,
    change: "reconfigure",
  }),
  apiserverIps: field({
    flag: {
      name: "apiserver-ips",
      kind: "words",
      group: "KUBERNETES",
      help: "Additional addresses for the API server's certificate; '' for none",
    },
    file: { "apiServer.ips": texts },
    stored: { "apiServer.ips": texts },
    default: () => [],
    parse: parseApiServerIps,
    change: "reconfigure",
  }),
  /** Port on the host (127.0.0.1) where the API is served; 0 = a free one, kept for the cluster's life. */
  apiserverPort: field({
    flag: {
      name: "apiserver-port",
      group: "KUBERNETES",
      value: "PORT",
      help: "Port of 127.0.0.1 on which the API answers; default: a free one",
    },
    file: { "apiServer.port": number },
    stored: { "apiServer.port": v.pipe(number, v.integer(), v.minValue(0), v.maxValue(65_535)) },
    default: () => 0,
    parse: parsePort("apiserver-port"),
    change: "recreate",
  }),
  /** Where no driver forwards the API to this computer: true = through the SSH connection, false = at the machine's own address. */
  apiOverSsh: field({
    flag: {
      name: "api-over-ssh",
      kind: "switch",
      group: "NETWORK",
      help: "For machines without port forwards (driver ssh): reach the API through an SSH tunnel, not at its address",
    },
    file: { "apiServer.overSsh": yesOrNo },
    stored: { "apiServer.overSsh": yesOrNo },
    default: () => true,
    parse: parseSwitch("api-over-ssh"),
    change: "recreate",
  }),
  ...clientFields,
  ...runtimeFields,
  /** By name: options as the user gave them, without secrets. */
  addons: field({
    flag: {
      name: "addons",
      kind: "words",
      group: "ADDONS",
      help: "Addons to enable beside those that the cluster has; none for no addon at all: {choices}",
    },
    choices: ({ addons }) => addons,
    file: { addons: v.union([texts, v.record(text, v.union([v.null(), optionValues]))]) },
    stored: { addons: v.record(text, v.record(text, text)) },
    default: () => [],
    parse: (value: AddonWish, at) => parseAddons(value, at),
    merge: mergeAddons,
    change: "reconfigure",
  }),
} as const satisfies FieldTable;

/** The user's request, validated once; the same content as `localkube.yaml`. Plain JSON, stored in the profile. */
export type ClusterSpec = SpecOf<typeof specFields>;
export type SpecLayer = LayerOf<typeof specFields>;
