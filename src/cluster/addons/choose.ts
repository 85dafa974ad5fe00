import { addonByName, type AddonFolder, withNeeds } from "../../addons/catalogue.ts";
import { type AddonProbe, type AddonRow, addonRow, probeOf } from "../../addons/definition.ts";
import { optionValues, type OptionValues } from "../../addons/options.ts";
import { objectsIn, renderText } from "../../addons/render.ts";
import { renderFiles } from "../../addons/render-files.ts";
import { catalogueEntry } from "../../artifacts/catalogue/catalogue-entry.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import { firstNode } from "../../contract/node.ts";
import { didYouMean } from "../../host/nearest-word.ts";
import type { KubeObject } from "../../kube/api-client.ts";
import type { AddonOptions } from "../../spec/parse/addons.ts";
import type { ClusterRecord } from "../../state/cluster-record.ts";
import { clusterDomain } from "../start/node-input.ts";
import { type GivenOptions, refuseOpenSecrets } from "./given-options.ts";
import { knownAddons } from "./known-addons.ts";

/** What decides which row of an addon a cluster gets. */
export type AddonTarget = Pick<ClusterRecord, "kubernetesVersion" | "artifactsSource">;

/** An addon with everything that is decided of it before the cluster is asked. */
export interface ChosenAddon {
  readonly folder: AddonFolder;
  readonly row: AddonRow;
  /** As the user gave them, without secrets: what the record keeps. */
  readonly options: Readonly<Record<string, string>>;
  readonly values: OptionValues;
}

/** Whether an addon sets flags of components: they may decide which pods run at all, so that it comes before the others. Pure. */
const setsFlags = ({ addon: { versions } }: AddonFolder): boolean =>
  versions.some(({ node }) => Object.keys(node.flags ?? {}).length > 0);

/**
 * The named addons with all that they need, those that set flags first, each after what it needs, with options and row. Rejects with ADDON_UNKNOWN, ADDON_CONFLICT, ADDON_OPTION_INVALID,
 * ADDON_NOT_FOR_VERSION. Pure.
 */
export function chooseAddons(
  names: readonly string[],
  {
    known,
    recorded,
    given,
  }: {
    readonly known: readonly AddonFolder[];
    readonly recorded: AddonOptions;
    readonly given: GivenOptions;
  },
  target: AddonTarget,
): readonly ChosenAddon[] {
  const always = known.find(({ addon }) => addon.always && names.includes(addon.name));
  if (always) throw new LocalkubeError("ADDON_ALWAYS", { addon: always.addon.name });
  const first = known.filter(setsFlags).map(({ addon }) => addon.name);
  const ordered = [
    ...names.filter((name) => first.includes(name)),
    ...names.filter((name) => !first.includes(name)),
  ];
  const folders = withNeeds(ordered, known, Object.keys(recorded)).filter(({ addon }) => !addon.always);
  const foreign = Object.keys(given).find((name) => !folders.some(({ addon }) => addon.name === name));
  if (foreign !== undefined) {
    const hint = didYouMean(
      foreign,
      folders.map(({ addon }) => addon.name),
    );
    throw new LocalkubeError("ADDON_OPTION_MALFORMED", {
      flag: "set",
      value: `${foreign}.…`,
      problem: `${foreign} is not among the addons of this call${hint}`,
    });
  }
  return folders.map((folder) =>
    chooseAddon(folder, recorded[folder.addon.name] ?? {}, given[folder.addon.name] ?? {}, target),
  );
}

/** One addon with the options on record and those that are given now. Rejects as `chooseAddons`. Pure. */
export function chooseAddon(
  folder: AddonFolder,
  recorded: Readonly<Record<string, string>>,
  given: Readonly<Record<string, string>>,
  { kubernetesVersion, artifactsSource }: AddonTarget,
): ChosenAddon {
  const { addon } = folder;
  const values = optionValues(addon, given, recorded);
  const { version, minor } = catalogueEntry(kubernetesVersion);
  const row = addonRow(addon, { version, minor, source: artifactsSource }, values);
  const options = Object.fromEntries(
    Object.entries({ ...recorded, ...given }).filter(
      ([key]) => addon.options[key] && !addon.options[key].secret,
    ),
  );
  return { folder, row, options, values };
}

/** The row of an addon for a cluster; undefined where there is nothing for it, or an option has to be given first. Pure. */
export function rowFor(
  folder: AddonFolder,
  record: AddonTarget & Pick<ClusterRecord, "spec">,
): AddonRow | undefined {
  try {
    return chooseAddon(folder, record.spec.addons[folder.addon.name] ?? {}, {}, record).row;
  } catch (error) {
    if (error instanceof LocalkubeError) return undefined;
    throw error;
  }
}

/**
 * The addons that a start is asked for, with all that they need; those that the cluster has already and that nobody changes stay as they are, also one that
 * this localkube does not know. Rejects as `chooseAddons`, and with ADDON_SECRET_OPEN.
 */
export function settleAddons(
  wanted: AddonOptions,
  existing: AddonOptions,
  known: readonly AddonFolder[],
  target: AddonTarget,
): AddonOptions {
  const names = Object.keys(wanted).filter((name) => known.some(({ addon }) => addon.name === name));
  const unknown = Object.keys(wanted).find((name) => !names.includes(name) && !(name in existing));
  if (unknown !== undefined) addonByName(unknown, known);
  refuseOpenSecrets(wanted, known, "in localkube.yaml or in settings, which are no places for secrets");
  const others = Object.entries(wanted).filter(([name]) => !names.includes(name));
  // What was enabled before may be beside these, which is no conflict when it is left out now.
  const chosen = chooseAddons(names, { known, recorded: wanted, given: {} }, target);
  const all = [...others, ...chosen.map(({ folder, options }) => [folder.addon.name, options] as const)];
  return Object.fromEntries(all.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * The default addons of a new cluster that go with those that are asked for: none that has no row for it, conflicts with one of them, or has a role that one of them has. Pure.
 */
export function defaultAddons(
  asked: AddonOptions,
  known: readonly AddonFolder[],
  target: AddonTarget,
): AddonOptions {
  const others = withNeeds(Object.keys(asked), known).map(({ addon }) => addon);
  const roles = others.flatMap(({ provides }) => provides);
  const fitting = known.filter(({ addon, ...rest }) => {
    const { name, provides, conflicts } = addon;
    if (!addon.default || name in asked) return false;
    const isDisturbed = others.some((other) => other.name in conflicts || name in other.conflicts);
    if (isDisturbed || provides.some((role) => roles.includes(role))) return false;
    return isFor({ addon, ...rest }, target);
  });
  return Object.fromEntries(fitting.map(({ addon }) => [addon.name, {}]));
}

/** Names of those, where nothing of their options is known yet. Pure. */
export const defaultsBeside = (
  asked: readonly string[],
  known: readonly AddonFolder[],
  target: AddonTarget,
): readonly string[] =>
  Object.keys(defaultAddons(Object.fromEntries(asked.map((name) => [name, {}])), known, target));

function isFor(folder: AddonFolder, target: AddonTarget): boolean {
  try {
    chooseAddon(folder, {}, {}, target);
    return true;
  } catch (error) {
    if (error instanceof LocalkubeError && error.id === "ADDON_NOT_FOR_VERSION") return false;
    throw error;
  }
}

/** What objects of addons may say of the cluster: `${cluster.NAME}`. Pure. */
export function clusterPlaces(record: ClusterRecord): Readonly<Record<string, string>> {
  const { name, machine } = firstNode(record);
  return {
    profile: record.spec.name,
    clusterId: `${record.spec.name}-${Date.parse(record.createdAt).toString(36)}`,
    domain: clusterDomain,
    dnsAddress: record.addresses.clusterDns,
    nodeName: name,
    nodeAddress: machine?.address ?? "",
    serviceCidr: record.spec.serviceCidr,
    podCidr: record.spec.podCidr,
  };
}

/** The probe of an addon for this cluster. Rejects with ADDON_INVALID. Pure. */
export function probeFor(
  { folder: { addon, folder }, row }: Pick<ChosenAddon, "folder" | "row">,
  record: ClusterRecord,
): AddonProbe {
  const probe = probeOf(addon, row);
  if (probe.type !== "dns") return probe;
  const input = { options: {}, images: {}, cluster: clusterPlaces(record) };
  return { ...probe, name: renderText(probe.name, { folder, file: "addon.yaml" }, input) };
}

/** What of an addon came from outside. */
export interface GotOfAddon {
  /** By key: the names that the node's runtime knows. */
  readonly images: Readonly<Record<string, string>>;
  /** The project's own files, in the order of the row. */
  readonly published: readonly { readonly from: string; readonly text: string }[];
}

export interface RenderedAddon {
  readonly objects: readonly KubeObject[];
  /** Of its probe, when that makes some. */
  readonly probeObjects: readonly KubeObject[];
}

/** The objects of a chosen addon. Rejects with ADDON_INVALID. */
export async function renderAddon(
  { folder: { addon, folder }, row, values }: ChosenAddon,
  { images, published }: GotOfAddon,
  record: ClusterRecord,
): Promise<RenderedAddon> {
  const input = { options: values, images, cluster: clusterPlaces(record) };
  const own = await renderFiles(folder, row.objects, input);
  const asPublished = published.flatMap(({ from, text }) => objectsIn(text, { folder, file: from }));
  const objects = [...asPublished, ...own];
  const probe = probeOf(addon, row);
  const files = probe.type === "objects" ? [probe.objects] : [];
  return { objects, probeObjects: await renderFiles(folder, files, input) };
}

/**
 * What the addons on record need of the nodes, and which of them come before the others: default addons, those that set flags, and what these need. One that this localkube does not know, or whose folder is broken, needs nothing. Rejects with ADDON_INVALID.
 * Read-only.
 */
export async function recordedAddons(
  record: ClusterRecord,
  ownFolder: string,
): Promise<{ readonly parts: readonly AddonRow["node"][]; readonly first: readonly string[] }> {
  const recorded = Object.entries(record.spec.addons);
  if (recorded.length === 0) return { parts: [], first: [] };
  const known = await knownAddons(ownFolder);
  const found = recorded.flatMap(([name, options]) => {
    const folder = known.find(({ addon }) => addon.name === name);
    return folder ? [{ name, options, folder }] : [];
  });
  const early = found
    .filter(({ folder }) => folder.addon.default || setsFlags(folder))
    .map(({ name }) => name);
  return {
    parts: found.map(({ folder, options }) => chooseAddon(folder, options, {}, record).row.node),
    first: withNeeds(early, known).map(({ addon }) => addon.name),
  };
}
