import { join } from "node:path";
import { recipe, type Arch } from "./recipe.ts";

export interface DebianPaths {
  /** Holds a folder for each key. */
  readonly versions: string;
  /** Finished artifacts of one architecture. */
  readonly artifacts: string;
  /** `sha256sum` format; written last, so its presence proves that the others are complete. */
  readonly sums: string;
  /** Size, time and inode of the files when they were last hashed. */
  readonly memo: string;
  /** Of an unfinished build: the Debian root with source and Go cache. */
  readonly build: string;
  readonly root: string;
  readonly log: string;
  readonly lock: string;
}

/** Every file name of this builder. */
export function debianPaths(cacheDir: string, key: string, arch: Arch): DebianPaths {
  const { suite, kubernetesVersion } = recipe;
  const versions = join(cacheDir, "artifacts", "debian", suite, `kubernetes-${kubernetesVersion}`);
  const artifacts = join(versions, key, "linux", arch);
  const build = join(cacheDir, "build", key, arch);
  return {
    versions,
    artifacts,
    sums: join(artifacts, "SHA256SUMS"),
    memo: join(artifacts, ".verified.json"),
    build,
    root: join(build, "root"),
    log: join(cacheDir, "build", `${key}-${arch}.log`),
    lock: join(cacheDir, "build", `${key}-${arch}.lock`),
  };
}
