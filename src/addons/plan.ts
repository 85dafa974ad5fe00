import type { KubeObject } from "../kube/api-client.ts";
import { type AddonFolder, readAddonFile } from "./catalogue.ts";
import type { AddonRow } from "./definition.ts";
import { renderObjects, type RenderInput } from "./render.ts";

/** Everything of a row that is applied, rendered, in the order of its files. Rejects with ADDON_INVALID. Read-only. */
export async function rowObjects(
  { folder }: Pick<AddonFolder, "folder">,
  { objects }: Pick<AddonRow, "objects">,
  input: RenderInput,
): Promise<readonly KubeObject[]> {
  const texts = await Promise.all(objects.map((file) => readAddonFile(folder, file)));
  return texts.flatMap((text, index) => renderObjects(text, { folder, file: objects[index]! }, input));
}
