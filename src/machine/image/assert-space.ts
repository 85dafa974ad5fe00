import { statfs } from "node:fs/promises";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { HostContext } from "../../contract/host.ts";

const mebibyte = 1024 * 1024;
/** The tar alone, and the unpacked root with its packages; measured 300 and 450 MiB. */
const tarMiB = 400;
const rootMiB = 700;

/** Rejects with IMAGE_NO_SPACE when the tar's folder or the one for temporary files is too full to begin. */
export async function assertSpace(tarFolder: string, host: Pick<HostContext, "env">): Promise<void> {
  const temporary = host.env["TMPDIR"] || "/tmp";
  const needs: readonly (readonly [string, string, number])[] = [
    [tarFolder, "XDG_CACHE_HOME", tarMiB],
    [temporary, "TMPDIR", rootMiB],
  ];
  for (const [folder, variable, needed] of needs) {
    const { bavail, bsize } = await statfs(folder);
    if ((bavail * bsize) / mebibyte < needed)
      throw new LocalkubeError("IMAGE_NO_SPACE", { folder, variable, needed });
  }
}
