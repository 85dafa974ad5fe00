import { type AddonFolder, builtInAddons } from "../../../src/addons/catalogue.ts";
import { type Addon, type AddonRow, minorRange, probeOf } from "../../../src/addons/definition.ts";
import { optionValues } from "../../../src/addons/options.ts";
import { renderFiles } from "../../../src/addons/render-files.ts";
import { zonePlaces } from "../../../src/cluster/addons/dns.ts";
import type { KubeObject } from "../../../src/kube/api-client.ts";

/** The catalogue that localkube brings, each row rendered as it would be for a cluster, with images that are nowhere. */

/** The minors that there are rows for. */
const minors = Array.from({ length: 18 }, (_, index) => 20 + index);

const cluster = {
  domain: "cluster.local",
  dnsAddress: "10.96.0.10",
  nodeAddress: "192.0.2.7",
  nodeName: "node",
  profile: "localkube",
  serviceCidr: "10.96.0.0/12",
  podCidr: "10.244.0.0/16",
  clusterId: "0123456789abcdef",
  ...zonePlaces([]),
};

/** What options that have to be given, or are made, could be. */
const samples = {
  text: "sample",
  number: "1",
  switch: "true",
  duration: "1m",
  size: "1Gi",
  port: "80",
  choice: "",
};

export const addons = await builtInAddons();
/** Each row with a name for it. */
export const cases = addons.flatMap((found) =>
  found.addon.versions.map((row, index): readonly [id: string, found: AddonFolder, row: AddonRow] => [
    `${found.addon.name} ${row.artifacts} ${row.version} (${index})`,
    found,
    row,
  ]),
);

export const minorsOf = ({ kubernetes }: AddonRow): readonly number[] => {
  const { from, below = Infinity } = minorRange(kubernetes);
  return minors.filter((minor) => from <= minor && minor < below);
};

export const optionsOf = (addon: Addon, { when }: AddonRow) => {
  const needed = Object.entries(addon.options).filter(([, { default: value }]) => value === undefined);
  const given = needed.map(([key, { type }]): readonly [string, string] => [key, samples[type]]);
  return optionValues(addon, { ...Object.fromEntries(given), ...when });
};

export interface Rendered {
  readonly objects: readonly KubeObject[];
  /** Those of the probe, which get their namespace when they are made. */
  readonly probe: readonly KubeObject[];
  /** Placeholders by the row's keys. */
  readonly images: Readonly<Record<string, string>>;
}

async function rendered({ addon, folder }: AddonFolder, row: AddonRow): Promise<Rendered> {
  const images = Object.fromEntries(
    Object.keys(row.images).map((key) => [key, `registry.test/${addon.name}/${key}:1`]),
  );
  const input = { options: optionsOf(addon, row), images, cluster };
  const probe = probeOf(addon, row);
  return {
    objects: await renderFiles(folder, row.objects, input),
    probe: probe.type === "objects" ? await renderFiles(folder, [probe.objects], input) : [],
    images,
  };
}

const known = new Map(
  await Promise.all(cases.map(async ([id, found, row]) => [id, await rendered(found, row)] as const)),
);
export const renderedOf = (id: string): Rendered => known.get(id)!;
