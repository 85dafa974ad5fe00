import { constants } from "node:fs";
import { access, mkdir, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";

/** Absolute path of a folder that can become a mirror, created if missing. Rejects with MIRROR_FOLDER_UNUSABLE. */
export async function mirrorFolder(path: string): Promise<string> {
  const folder = resolve(path);
  try {
    const status = await stat(folder).catch(() => undefined);
    if (status && !status.isDirectory()) throw new Error("it is not a folder");
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK);
    return folder;
  } catch (cause) {
    const problem = (cause as Error).message;
    throw new LocalkubeError("MIRROR_FOLDER_UNUSABLE", { folder, problem }, { cause });
  }
}
