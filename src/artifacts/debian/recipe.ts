import { createHash, type Hash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { kubernetesPrograms } from "../../contract/components.ts";
import { packageRoot } from "../../host/package-root.ts";
import { cuts, sourceOverlay } from "./repair-source.ts";

export type Arch = "amd64" | "arm64";

/** Raise when the code of this folder changes what it builds in a way that `recipe` does not show. */
const revision = 1;

/** Everything that decides what is built, except the archive's content: bookworm's Kubernetes no longer changes. */
export const recipe = {
  suite: "bookworm",
  sourcePackage: "kubernetes",
  kubernetesVersion: "v1.20.2",
  packages: ["golang-go", "dpkg-dev", "gcc", "libc6-dev"],
  /** On a host of the other architecture; Go itself needs nothing to cross-compile, the pause container is C. */
  crossPackages: {
    amd64: ["gcc-x86-64-linux-gnu", "libc6-dev-amd64-cross"],
    arm64: ["gcc-aarch64-linux-gnu", "libc6-dev-arm64-cross"],
  },
  crossCompiler: {
    amd64: "x86_64-linux-gnu-gcc",
    arm64: "aarch64-linux-gnu-gcc",
  },
  /**
   * `providerless` leaves out the clients of AWS, Azure, GCP and vSphere, which a local cluster cannot use: a third less to compile,
   * and apiserver, controller-manager and kubelet become half as large. The other two are upstream's own.
   */
  tags: "providerless,selinux,notest",
  binaries: kubernetesPrograms,
  /** The date of the v1.20.2 release; a fixed one keeps builds reproducible. */
  buildDate: "2021-01-13T13:20:00Z",
  pauseVersion: "3.2",
} as const;

/** Programs of ours, which are compiled in Kubernetes' source tree; each becomes an image. In the order of their parts of the key. */
export const ownPrograms = ["cluster-dns", "addon-programs"] as const;
export type OwnProgram = (typeof ownPrograms)[number];

/** Where the source of a program of ours lives in this package. */
export const ownSource = (name: OwnProgram): string => join(packageRoot(), "templates", name);

/**
 * `<hash>-<hash>-<hash>`: of the source of Kubernetes and pause (with our repairs), and of that plus each of our own programs' source. Results with equal
 * keys are interchangeable; with an equal first part all but our own programs are, so that changing one of these does not cost minutes of compiling.
 */
export async function recipeKey(): Promise<string> {
  const kubernetes = createHash("sha256").update(JSON.stringify([revision, recipe, cuts]));
  await hashGoFiles(kubernetes, sourceOverlay());
  const programs = await Promise.all(
    ownPrograms.map(async (name) => {
      const hash = kubernetes.copy();
      await hashGoFiles(hash, ownSource(name));
      return hash;
    }),
  );
  return [kubernetes, ...programs].map((hash) => hash.digest("hex").slice(0, 10)).join("-");
}

/** The part of a key that decides what is in a program of ours, or in Kubernetes; undefined in a key from before there was that program. Pure. */
export function partOf(key: string, program?: OwnProgram): string | undefined {
  const [kubernetes, ...programs] = keyPattern.test(key) ? key.split("-") : [];
  if (program === undefined) return kubernetes;
  const own = programs[ownPrograms.indexOf(program)];
  return own === undefined ? undefined : `${kubernetes}-${own}`;
}

/** Adds the names, below `folder`, and contents of all its Go files; other files there are documentation. */
async function hashGoFiles(hash: Hash, folder: string): Promise<void> {
  const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith(".go")).sort();
  const sources = await Promise.all(names.map((name) => readFile(join(folder, name))));
  names.forEach((name, index) => hash.update(`\0${name}\0`).update(sources[index] ?? ""));
}

/** Keys had two parts before there were programs for addons. */
export const keyPattern = /^[0-9a-f]{10}(?:-[0-9a-f]{10}){1,2}$/;

/** Debian packages of the build root on a host of `hostArch`. */
export const rootPackages = (hostArch: Arch, arch: Arch): readonly string[] =>
  hostArch === arch ? recipe.packages : [...recipe.packages, ...recipe.crossPackages[arch]];
