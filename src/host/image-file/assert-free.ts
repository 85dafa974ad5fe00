import { statfs } from "node:fs/promises";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";

const mebibyte = 1024 * 1024;

/** Rejects with IMAGE_NO_SPACE when `folder` has less than `needed` MiB free; `variable` names the variable that selects another folder. */
export async function assertFree(folder: string, needed: number, variable: string): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if ((bavail * bsize) / mebibyte < needed)
    throw new LocalkubeError("IMAGE_NO_SPACE", { folder, variable, needed });
}
