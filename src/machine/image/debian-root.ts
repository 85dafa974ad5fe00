import { access } from "node:fs/promises";
import { dirname } from "node:path";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { RunContext } from "../../contract/host.ts";
import { debianArchive, type DebianRoot, mmdebstrap, mmdebstrapProgress } from "../../host/mmdebstrap.ts";
import { buildFailure } from "./build-failure.ts";

const timeoutMs = 1_200_000;
/** mmdebstrap waits for its children, which need the signal too, and removes its temporary root. */
const cleanUpMs = 60_000;
/** Part of mmdebstrap. With it the root is merged-/usr from the start, and the package usrmerge with all of perl (50 MB) is not installed. */
const mergedUsr = "/usr/share/mmdebstrap/hooks/merged-usr";

/**
 * Builds a machine's root file system as a tar, from LOCALKUBE_DEBIAN_MIRROR or Debian's own archive; without root rights in a user namespace.
 * `env` is for the hooks. Rejects with IMAGE_TOOL_MISSING, IMAGE_NO_SPACE, DEBIAN_ARCHIVE_UNREACHABLE or DEBIAN_ROOT_FAILED.
 */
export async function buildDebianRoot(
  root: Pick<DebianRoot, "packages" | "exclude" | "options" | "suite" | "target">,
  env: Readonly<Record<string, string>>,
  c: RunContext,
): Promise<void> {
  const mirror = c.host.env["LOCALKUBE_DEBIAN_MIRROR"];
  const hasMergedUsr = await access(mergedUsr).then(
    () => true,
    () => false,
  );
  const lines: string[] = [];
  c.report({ message: "installing Debian packages" });
  const argv = mmdebstrap({
    ...root,
    mode: c.host.isRoot ? "root" : "unshare",
    format: "tar",
    variant: "minbase",
    options: [
      ...(hasMergedUsr ? [`--hook-dir=${mergedUsr}`] : []),
      // Half of it is useless after a power cut: it is built again.
      "--dpkgopt=force-unsafe-io",
      ...root.options,
    ],
    sources: mirror ? [mirror] : [],
  });
  try {
    await c.host.run(argv, {
      signal: c.signal,
      timeoutMs,
      cleanUpMs,
      env,
      onLine: (line) => {
        lines.push(line);
        c.log(line);
        const message = mmdebstrapProgress(line);
        if (message !== undefined) c.report({ message });
      },
    });
  } catch (error) {
    if (!(error instanceof LocalkubeError)) throw error;
    const place = { suite: root.suite, archive: mirror ?? debianArchive, tarFolder: dirname(root.target) };
    throw buildFailure(lines, error, place, c.host);
  }
}
