import { copyFile, link, mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { RunContext } from "../../contract/host.ts";
import type { DebianFileName } from "./artifact-files.ts";
import { debianPaths } from "./paths.ts";
import { type Arch, ownPrograms, partOf } from "./recipe.ts";
import { verifiedFiles } from "./verified-files.ts";

/**
 * Takes over files from the trees of other keys with the same Kubernetes part, which another version of localkube built: all of Kubernetes
 * is equal there, and each program of ours whose own part is the same too. Uses hard links where the file system supports them, so it costs neither time nor space.
 * Returns what is still missing.
 */
export async function adoptFiles(
  key: string,
  arch: Arch,
  missing: readonly DebianFileName[],
  c: RunContext,
): Promise<readonly DebianFileName[]> {
  const { artifacts, versions } = debianPaths(c.host.cacheDir, key, arch);
  const names = await readdir(versions).catch(() => []);
  const same = names.filter((name) => name !== key && partOf(name) === partOf(key));
  const wanted = new Set(missing);
  await mkdir(artifacts, { recursive: true });
  for (const sibling of same) {
    const files = await verifiedFiles(debianPaths(c.host.cacheDir, sibling, arch), c.signal);
    for (const name of [...wanted].filter((name) => isEqual(name, key, sibling))) {
      const source = files.get(name);
      if (!source) continue;
      const target = join(artifacts, name);
      await rm(target, { force: true });
      await link(source.file, target).catch(() => copyFile(source.file, target));
      wanted.delete(name);
    }
  }
  return [...wanted];
}

/** Whether two keys with the same Kubernetes part mean the same content of that file. */
function isEqual(file: DebianFileName, key: string, other: string): boolean {
  const program = ownPrograms.find((name) => file === `${name}.tar`);
  return program === undefined || partOf(key, program) === partOf(other, program);
}
