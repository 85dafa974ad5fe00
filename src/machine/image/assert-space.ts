import type { HostContext } from "../../contract/host.ts";
import { assertFree } from "../../host/image-file/assert-free.ts";

/** The tar alone, and the unpacked root with its packages; measured 300 and 450 MiB. */
const tarMiB = 400;
const rootMiB = 700;

/** Rejects with IMAGE_NO_SPACE when the tar's folder or the one for temporary files is too full to begin. */
export async function assertSpace(tarFolder: string, host: Pick<HostContext, "env">): Promise<void> {
  await assertFree(tarFolder, tarMiB, "XDG_CACHE_HOME");
  await assertFree(host.env["TMPDIR"] || "/tmp", rootMiB, "TMPDIR");
}
