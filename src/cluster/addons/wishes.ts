import { type AddonFolder, withNeeds } from "../../addons/catalogue.ts";
import { type AddonRow, minorRange } from "../../addons/definition.ts";
import { catalogueEntry } from "../../artifacts/catalogue/catalogue-entry.ts";
import type { FileWish, ImageWish, Wishes } from "../../contract/artifact.ts";
import { parseDigest } from "../../contract/digest.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { Job } from "../../pipeline/run-jobs.ts";
import type { ClusterRecord } from "../../state/cluster-record.ts";
import { type AddonTarget, chooseAddons } from "./choose.ts";
import { getImages } from "./images.ts";
import { knownAddons } from "./known-addons.ts";

/**
 * What addons, with all that they need, want from outside for a Kubernetes version, whatever their options: images and published files of every row that fits. Throws ADDON_UNKNOWN,
 * ADDON_CONFLICT, and ADDON_NOT_FOR_VERSION for one that has nothing. Pure.
 */
export function addonWishes(
  names: readonly string[],
  known: readonly AddonFolder[],
  { kubernetesVersion, artifactsSource: source }: AddonTarget,
): Required<Omit<Wishes, "programs">> {
  const { minor, version } = catalogueEntry(kubernetesVersion);
  const images = new Map<string, ImageWish>();
  const files = new Map<string, FileWish>();
  for (const { addon } of withNeeds(names, known).filter((one) => !one.addon.always)) {
    const rows = addon.versions.filter((row) => isFor(row, minor, source));
    if (rows.length === 0)
      throw new LocalkubeError("ADDON_NOT_FOR_VERSION", { addon: addon.name, version, source, options: "" });
    const neededBy = `the addon ${addon.name}`;
    for (const ref of rows.flatMap((row) => Object.values(row.images)))
      if (!images.has(ref)) images.set(ref, { name: `addon-image-${images.size}`, ref, neededBy });
    for (const { from, digest: text } of rows.flatMap(({ published }) => published)) {
      const digest = parseDigest(text);
      if (!digest) throw new TypeError(`${text} is no digest`); // the schema let it through
      files.set(from, { name: from, digest, neededBy });
    }
  }
  return { images: [...images.values()], files: [...files.values()] };
}

function isFor(row: AddonRow, minor: number, source: AddonRow["artifacts"]): boolean {
  const { from, below = Infinity } = minorRange(row.kubernetes);
  return row.artifacts === source && from <= minor && minor < below;
}

/** Gets what the addons on record want into the cache of this computer, without a cluster. */
export const downloadAddonsJob = (
  record: ClusterRecord,
  ownFolder: string,
  after: readonly string[],
): Job => ({
  id: "addon-images",
  title: "Downloading images of addons",
  after,
  timeoutMs: 3_600_000,
  apply: async (c) => {
    const known = await knownAddons(ownFolder);
    const recorded = record.spec.addons;
    const names = Object.keys(recorded).filter((name) => known.some(({ addon }) => addon.name === name));
    const chosen = chooseAddons(names, { known, recorded, given: {} }, record);
    await getImages(chosen, record, new Set(), c);
  },
});
