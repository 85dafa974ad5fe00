import { LocalkubeError } from "../contract/errors/localkube-error.ts";
import type { KubeObject } from "../kube/api-client.ts";
import { type AddonFolder, readAddonFile } from "./catalogue.ts";
import { type AddonProbe, type AddonRow, probeOf } from "./definition.ts";
import { filled, readObjects, renderObjects, type RenderInput } from "./render.ts";

/**
 * Everything of a row that is applied: what the project publishes, as it is, then the row's own files, rendered. `published` has the texts by address.
 * Rejects with ADDON_INVALID. Read-only.
 */
export async function rowObjects(
  { folder }: Pick<AddonFolder, "folder">,
  { objects, published: wanted }: Pick<AddonRow, "objects" | "published">,
  input: RenderInput,
  published: ReadonlyMap<string, string> = new Map(),
): Promise<readonly KubeObject[]> {
  const foreign = wanted.flatMap(({ from }) =>
    readObjects(published.get(from) ?? "", { folder, file: from }),
  );
  const own = await Promise.all(objects.map((file) => fileObjects({ folder }, file, input)));
  return [...foreign, ...own.flat()];
}

/** The objects of one of an addon's files, rendered. Rejects with ADDON_INVALID. Read-only. */
export const fileObjects = async (
  { folder }: Pick<AddonFolder, "folder">,
  file: string,
  input: RenderInput,
): Promise<readonly KubeObject[]> =>
  renderObjects(await readAddonFile(folder, file), { folder, file }, input);

/** The probe of a row with its places filled in. Rejects with ADDON_INVALID. Pure. */
export const renderProbe = (
  { addon, folder }: AddonFolder,
  row: Pick<AddonRow, "probe">,
  input: RenderInput,
): AddonProbe =>
  filled(
    probeOf(addon, row),
    input,
    (problem) =>
      new LocalkubeError("ADDON_INVALID", { folder, file: "addon.yaml", problem: `probe: ${problem}` }),
  ) as AddonProbe;
