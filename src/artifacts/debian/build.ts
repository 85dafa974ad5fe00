import { mkdir, readdir, rename, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { adoptFiles } from "./adopt-files.ts";
import {
  type DebianFileName,
  debianFileNames,
  type DebianFiles,
  type DebianImage,
  debianImages,
  imageRefs,
} from "./artifact-files.ts";
import { type BuildJob, type BuildProduct, kubernetesProduct, withBuildLog } from "./build-job.ts";
import { checkHost } from "./check-host.ts";
import { compile, compilePause, outFolder } from "./compile.ts";
import { makeRoot, removeTree } from "./make-root.ts";
import { debianPaths } from "./paths.ts";
import { type Arch, keyPattern, recipeKey } from "./recipe.ts";
import { unpackSource } from "./unpack-source.ts";
import { recordFiles, verifiedFiles } from "./verified-files.ts";
import { type ImageConfig, writeImageArchive } from "../image/image-archive.ts";
import type { KubernetesProgram } from "../../contract/components.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { RunContext } from "../../contract/host.ts";
import { isLocked, withLock } from "../../host/lock.ts";
import { debianArchive } from "../../host/mmdebstrap.ts";

export interface DebianBuildOptions {
  readonly arch: Arch;
  /** URL of a Debian archive with bookworm; default LOCALKUBE_DEBIAN_MIRROR, else deb.debian.org. */
  readonly debianMirror?: string;
}

/**
 * Kubernetes v1.20.2 compiled from Debian bookworm's source package, a pause image and images of our own programs, for machines that reach
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
  return withBuildLock(paths.lock, kubernetesProduct, c, async (c) => {
    const now = await verifiedFiles(paths, c.signal); // another process may have built them while we waited
    const absent = debianFileNames.filter((name) => !now.has(name));
    const missing = await adoptFiles(key, arch, absent, c);
    if (missing.length > 0) {
      const { root, build: folder, log: logFile } = paths;
      await checkHost({ product: kubernetesProduct, folder, root, neededGiB }, c);
      const archive = options.debianMirror || c.host.env["LOCALKUBE_DEBIAN_MIRROR"] || debianArchive;
      await withBuildLog(paths.log, (log) =>
        build({ c, product: kubernetesProduct, logFile, log, paths, key, arch }, archive, missing),
      );
    } else if (absent.length > 0) await recordFiles(paths, c.signal);
    return { key, files: await verifiedFiles(paths, c.signal) };
  });
}

/** Measured: 3.2 GiB at the peak, 0.3 GiB of which stay; the rest is a margin for whatever else uses that disk. */
const neededGiB = 4;
const longestWaitMs = 3_600_000;

/**
 * Runs `work` as the only builder of that result on this host. A second one waits, reports that it is waiting, and finds the first one's result.
 * `work` gets a context whose signal also ends when the lock is lost (the machine slept and another took it).
 */
export function withBuildLock<T>(
  folder: string,
  { subject }: Pick<BuildProduct, "subject">,
  c: RunContext,
  work: (c: RunContext) => Promise<T>,
): Promise<T> {
  const lock = {
    signal: c.signal,
    waitMs: longestWaitMs,
    pollMs: 1000,
    onWait: () => c.report({ message: `waiting for another localkube that builds ${subject}` }),
    busy: () => new LocalkubeError("DEBIAN_BUILD_BUSY", { subject, minutes: longestWaitMs / 60_000 }),
    lost: () => new LocalkubeError("DEBIAN_BUILD_TAKEN_OVER"),
  };
  return withLock(folder, lock, (signal) => work({ ...c, signal }));
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

/**
 * As upstream's images: pause runs as its user 65535. cluster-dns names none, like CoreDNS's image of that time: its Deployment takes
 * every capability but NET_BIND_SERVICE away, which a user other than root could not use for port 53. The programs for addons need different rights:
 * each addon's objects name the user.
 */
const configs: Readonly<Record<DebianImage, ImageConfig>> = {
  pause: { Entrypoint: ["/pause"], User: "65535:65535" },
  "cluster-dns": { Entrypoint: ["/cluster-dns"] },
  "addon-programs": { Entrypoint: ["/addon-programs"] },
};

/** Writes the archive of an image that holds one static program, compiled before. */
async function packImage(job: BuildJob, name: DebianImage): Promise<void> {
  const { arch, paths, key, c } = job;
  const content = { file: join(paths.root, outFolder, name) };
  await writeImageArchive(
    {
      ref: imageRefs(key)[name],
      arch,
      layers: [[{ type: "file", path: name, mode: 0o755, content }]],
      config: configs[name],
    },
    join(paths.artifacts, `${name}.tar`),
    { signal: c.signal },
  );
}

/**
 * Removes what killed builds of other keys left behind: after an update of localkube nothing would ever continue them, and
 * each takes gigabytes. A build in progress holds its lock and is kept.
 */
async function removeAbandonedBuilds(c: RunContext): Promise<void> {
  const folder = join(c.host.cacheDir, "build");
  const keys = (await readdir(folder)).filter((name) => keyPattern.test(name));
  for (const key of keys) {
    for (const arch of (await readdir(join(folder, key))) as Arch[]) {
      const { lock, build } = debianPaths(c.host.cacheDir, key, arch);
      if (!(await isLocked(lock))) await removeTree({ c }, build);
    }
    await rmdir(join(folder, key)).catch(() => undefined); // one of the other architecture is still there
  }
}
