import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import { probeDrivers } from "../../machine/driver-registry.ts";
import { withPurgeLock } from "../../state/lock.ts";
import { type Removal, removeMark, removeOwn } from "../../state/own-folders.ts";
import { homePaths } from "../../state/paths.ts";
import { listClusters } from "../../state/store.ts";
import { machineLists } from "./delete.ts";
import { notice, quietly, type UseCaseContext } from "../access/use-case.ts";

/**
 * Removes settings, cache and the drivers' imported images once no cluster and no machine is left. Anything else in the two folders
 * stays and is listed. Waits for every other localkube that writes in the state folder. Idempotent. Rejects with PURGE_CLUSTERS_LEFT or
 * STATE_LOCKED; nothing was removed then.
 */
export async function purge(context: UseCaseContext): Promise<Removal> {
  const { host, signal } = context;
  const lock = {
    command: "localkube delete --all --purge",
    signal,
    onWait: (text: string) => notice(context, text),
  };
  const done = await withPurgeLock(host, lock, async (inner): Promise<Removal> => {
    const c = quietly({ ...context, signal: inner });
    const names = await whatIsLeft({ ...context, signal: inner });
    if (names.length > 0) throw new LocalkubeError("PURGE_CLUSTERS_LEFT", { names: names.join(", ") });
    const images: string[] = [];
    for (const { definition, probe } of await probeDrivers(host))
      if (probe.usable) images.push(...(await definition.open(host).purge(c)));
    // The cache first: it may be inside the state folder.
    const cache = await removeOwn(host, "cache");
    const state = await removeOwn(host, "state");
    return {
      removed: [...images, ...cache.removed, ...state.removed],
      kept: [...cache.kept, ...state.kept],
    };
  });
  // Now that our own lock is no longer in it.
  const folders = [await removeMark(host, "cache"), await removeMark(host, "state")];
  return { removed: [...done.removed, ...folders.filter((folder) => folder !== undefined)], kept: done.kept };
}

/** Recorded clusters, machines that the drivers know, and folders of machines whose driver does not answer. */
async function whatIsLeft(context: UseCaseContext): Promise<readonly string[]> {
  const { host } = context;
  const clusters = (await listClusters(host)).map(({ name }) => name);
  const machines = (await machineLists(context)).flatMap(({ driver, names, failure }) => {
    if (failure !== undefined) throw failure;
    return names.map((name) => `the machine ${name} (${driver})`);
  });
  const folders = await Promise.all(
    homePaths(host).machines.map(async (folder) => {
      const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
      return entries.flatMap((entry) => (entry.isDirectory() ? [join(folder, entry.name)] : []));
    }),
  );
  return [...new Set([...clusters, ...machines, ...folders.flat()])];
}
