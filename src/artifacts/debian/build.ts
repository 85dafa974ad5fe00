import { mkdir, rename } from "node:fs/promises";
import { join } from "node:path";
import type { KubernetesProgram } from "../../contract/components.ts";
import type { RunContext } from "../../contract/host.ts";
import { adoptFiles } from "./adopt-files.ts";
import { debianFileNames, debianImages, type DebianFileName, type DebianFiles } from "./artifact-files.ts";
import { type BuildJob, withBuildLog } from "./build-job.ts";
import { withBuildLock } from "./build-lock.ts";
import { checkHost } from "./check-host.ts";
import { compile, compilePause, outFolder } from "./compile.ts";
import { defaultArchive, makeRoot, removeTree } from "./make-root.ts";
import { packImage } from "./pack-image.ts";
import { debianPaths } from "./paths.ts";
import { type Arch, recipeKey } from "./recipe.ts";
import { unpackSource } from "./unpack-source.ts";
import { removeAbandonedBuilds } from "./abandoned-builds.ts";
import { recordFiles, verifiedFiles } from "./verified-files.ts";

export interface DebianBuildOptions {
  readonly arch: Arch;
  /** URL of a Debian archive with bookworm; default LOCALKUBE_DEBIAN_MIRROR, else deb.debian.org. */
  readonly debianMirror?: string;
}

/**
 * Kubernetes v1.20.2 compiled from Debian bookworm's source package, a pause image and a cluster DNS image, for machines that reach
 * the Debian archive only. Some milliseconds when the cache holds them; else about five minutes on two cores, once. Continues where a
 * killed call stopped; two calls at a time build once. A file that is missing or altered is built again.
 *
 * Rejects with DEBIAN_TOOL_MISSING, DEBIAN_BUILD_NO_RIGHTS, DEBIAN_BUILD_NO_SPACE, DEBIAN_ARCHIVE_UNREACHABLE,
 * DEBIAN_ARCHIVE_UNTRUSTED, DEBIAN_BUILD_FAILED, DEBIAN_BUILD_BUSY, DEBIAN_BUILD_TAKEN_OVER or the signal's reason.
 */
export async function buildDebianArtifacts(options: DebianBuildOptions, c: RunContext): Promise<DebianFiles> {
  const { arch } = options;
  const key = await recipeKey();
  const paths = debianPaths(c.host.cacheDir, key, arch);
  const present = await verifiedFiles(paths, c.signal);
  if (present.size === debianFileNames.length) return { key, files: present };
  return withBuildLock(paths.lock, c, async (c) => {
    const now = await verifiedFiles(paths, c.signal); // another process may have built them while we waited
    const absent = debianFileNames.filter((name) => !now.has(name));
    const missing = await adoptFiles(key, arch, absent, c);
    if (missing.length > 0) {
      await checkHost(paths, c);
      const archive = options.debianMirror || c.host.env["LOCALKUBE_DEBIAN_MIRROR"] || defaultArchive;
      await withBuildLog(paths.log, (log) => build({ c, paths, key, arch, log }, archive, missing));
    } else if (absent.length > 0) await recordFiles(paths, c.signal);
    return { key, files: await verifiedFiles(paths, c.signal) };
  });
}

async function build(job: BuildJob, archive: string, missing: readonly DebianFileName[]): Promise<void> {
  const binaries = missing.filter((name): name is KubernetesProgram => !name.endsWith(".tar"));
  const images = debianImages.filter((name) => missing.includes(`${name}.tar`));
  await makeRoot(job, archive);
  await unpackSource(job, { withKubernetes: binaries.length > 0 });
  await compile(job, [...binaries, ...images.filter((name) => name !== "pause")]);
  if (images.includes("pause")) await compilePause(job);
  const { paths, c } = job;
  await mkdir(paths.artifacts, { recursive: true });
  for (const name of binaries) await rename(join(paths.root, outFolder, name), join(paths.artifacts, name));
  for (const name of images) await packImage(job, name);
  await recordFiles(paths, c.signal);
  c.report({ message: "removing the build's files" });
  await removeTree(job, paths.build);
  await removeAbandonedBuilds(c).catch((error: unknown) => c.log(`abandoned builds stay: ${String(error)}`));
}
