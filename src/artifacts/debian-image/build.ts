import { createHash } from "node:crypto";
import { access, mkdir, readdir, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { RunContext } from "../../contract/host.ts";
import { debianArchive, mmdebstrap, mmdebstrapProgress } from "../../host/mmdebstrap.ts";
import { withBuildLock } from "../debian/build.ts";
import {
  buildFailed,
  type BuildProduct,
  type PhaseJob,
  runPhase,
  withBuildLog,
} from "../debian/build-job.ts";
import { checkHost } from "../debian/check-host.ts";
import { archiveError, removeTree } from "../debian/make-root.ts";
import { inNamespaces } from "../debian/namespace.ts";
import { writeImageArchive } from "../image/image-archive.ts";
import { NotInRoot } from "./collect-files.ts";
import { layerOf } from "./layer.ts";
import { debianImageRef, type DebianImageRecipe, debianImageSuite } from "./recipes.ts";

type Arch = "amd64" | "arm64";

/** An image to make, and the files that it becomes. */
export interface WantedImage {
  readonly recipe: DebianImageRecipe;
  readonly archive: string;
  /** `sha256sum` format; written last, so its presence proves that the archive is complete. */
  readonly sums: string;
}

/** The largest images: 700 MiB unpacked, and the same again as packages and archives. */
const neededGiB = 3;
const rootMs = 1_800_000;

/**
 * Makes images of Debian's packages: one root with the packages of all of them, from which each takes its files. Some seconds for each, and the time
 * of the download. Continues where a killed call stopped; two calls at a time do the work once: `missing` is asked under the lock.
 * Rejects as `buildDebianArtifacts` does.
 */
export async function buildDebianImages(
  missing: () => Promise<readonly WantedImage[]>,
  arch: Arch,
  c: RunContext,
): Promise<void> {
  const folder = join(c.host.cacheDir, "build", `debian-images-${arch}`);
  const first = await missing();
  if (first.length === 0) return;
  await withBuildLock(`${folder}.lock`, productOf(first), c, async (c) => {
    const images = await missing(); // another process may have made them while we waited
    if (images.length === 0) return;
    const product = productOf(images);
    const packages = packagesOf(images);
    const root = join(folder, createHash("sha256").update(packages.join()).digest("hex").slice(0, 10));
    await checkHost({ product, folder, root, neededGiB }, c);
    const logFile = `${folder}.log`;
    await withBuildLog(logFile, async (log) => {
      const job: PhaseJob = { c, product, logFile, log };
      await removeOthers(job, folder, root);
      await makeRoot(job, root, { packages, arch });
      for (const image of images) await makeImage(job, image, { root, arch });
      c.report({ message: "removing the build's files" });
      await removeTree(job, folder);
    });
  });
}

const productOf = (images: readonly WantedImage[]): BuildProduct => ({
  subject: images.map(({ recipe }) => recipe.name).join(", "),
  material: "packages",
});

const packagesOf = (images: readonly WantedImage[]): readonly string[] =>
  [
    ...new Set(
      images.flatMap(({ recipe: { packages, certificates } }) => [
        ...packages,
        ...(certificates ? ["ca-certificates"] : []),
      ]),
    ),
  ].sort();

/** Removes roots that killed builds of other images left. */
async function removeOthers(job: PhaseJob, folder: string, root: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => []))
    if (join(folder, name) !== root) await removeTree(job, join(folder, name));
}

async function makeRoot(
  job: PhaseJob,
  root: string,
  { packages, arch }: { readonly packages: readonly string[]; readonly arch: Arch },
): Promise<void> {
  const { c } = job;
  const isThere = await access(root).then(
    () => true,
    () => false,
  );
  if (isThere) return;
  const archive = c.host.env["LOCALKUBE_DEBIAN_MIRROR"] || debianArchive;
  const part = `${root}.part`;
  await mkdir(dirname(root), { recursive: true });
  await runPhase(job, {
    title: "Debian packages",
    timeoutMs: rootMs,
    argv: inNamespaces(
      c.host,
      mmdebstrap({
        mode: "root",
        format: "directory",
        variant: "extract",
        architecture: arch,
        packages,
        options: [`--aptopt=APT::Install-Recommends "false"`],
        suite: debianImageSuite,
        target: part,
        sources: [`deb ${archive} ${debianImageSuite} main`],
      }),
    ),
    progress: (line) => {
      const message = mmdebstrapProgress(line);
      return message === undefined ? undefined : { message };
    },
    explain: (output, cause) => archiveError(archive, output, cause),
  });
  await rename(part, root);
}

async function makeImage(
  job: PhaseJob,
  { recipe, archive, sums }: WantedImage,
  { root, arch }: { readonly root: string; readonly arch: Arch },
): Promise<void> {
  const { c } = job;
  const { name, user, config } = recipe;
  const title = `image ${name}`;
  c.report({ message: title });
  const layer = await layerOf(recipe, root, { arch, signal: c.signal }).catch((cause: unknown) => {
    throw cause instanceof NotInRoot ? buildFailed(job, title, cause.message, cause) : cause;
  });
  await mkdir(dirname(archive), { recursive: true });
  const { sha256, size } = await writeImageArchive(
    {
      ref: debianImageRef(recipe),
      arch,
      layers: [layer],
      config: { ...config, ...(user ? { User: `${user.id}:${user.id}` } : {}) },
    },
    archive,
    { signal: c.signal },
  );
  const { default: writeFileAtomic } = await import("write-file-atomic");
  await writeFileAtomic(sums, `${sha256}  ${name}.tar\n`);
  c.log(`${name}: ${layer.length} files, ${size} bytes, sha256 ${sha256}`);
}
