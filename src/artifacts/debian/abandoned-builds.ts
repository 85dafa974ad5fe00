import { readdir, rmdir } from "node:fs/promises";
import { join } from "node:path";
import type { RunContext } from "../../contract/host.ts";
import { removeTree } from "./make-root.ts";
import { debianPaths } from "./paths.ts";
import { type Arch, keyPattern } from "./recipe.ts";

/**
 * Removes what killed builds of other keys left behind: after an update of localkube nothing would ever continue them, and
 * each takes gigabytes. A build in progress holds its lock and is kept.
 */
export async function removeAbandonedBuilds(c: RunContext): Promise<void> {
  const { default: lockfile } = await import("proper-lockfile");
  const folder = join(c.host.cacheDir, "build");
  const keys = (await readdir(folder)).filter((name) => keyPattern.test(name));
  for (const key of keys) {
    for (const arch of (await readdir(join(folder, key))) as Arch[]) {
      const { lock, build } = debianPaths(c.host.cacheDir, key, arch);
      const busy = await lockfile.check(lock, {
        realpath: false,
        lockfilePath: lock,
        stale: 10_000,
      });
      if (!busy) await removeTree({ c }, build);
    }
    await rmdir(join(folder, key)).catch(() => undefined); // one of the other architecture is still there
  }
}
