import type { KubeObject } from "../kube/api-client.ts";
import { readAddonFile } from "./catalogue.ts";
import { renderObjects, type RenderInput } from "./render.ts";

/** The objects of files of an addon's folder, rendered, in the order of the files. Rejects with ADDON_INVALID. Read-only. */
export async function renderFiles(
  folder: string,
  files: readonly string[],
  input: RenderInput,
): Promise<readonly KubeObject[]> {
  const texts = await Promise.all(files.map((file) => readAddonFile(folder, file)));
  return texts.flatMap((text, index) => renderObjects(text, { folder, file: files[index]! }, input));
}
