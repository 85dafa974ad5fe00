import { rm } from "node:fs/promises";
import { homePaths } from "../state/paths.ts";
import { listClusters } from "../state/store.ts";
import { LocalkubeError } from "../contract/errors/localkube-error.ts";
import { probeDrivers } from "../machine/driver-registry.ts";
import { quietly, type UseCaseContext } from "./use-case.ts";

/** Removes settings, cache and the drivers' imported images once no cluster is left. Returns what it removed. Idempotent. */
export async function purge(context: UseCaseContext): Promise<readonly string[]> {
  const left = await listClusters(context.host);
  if (left.length)
    throw new LocalkubeError("PURGE_CLUSTERS_LEFT", { names: left.map(({ name }) => name).join(", ") });
  const { stateDir, cacheDir } = homePaths(context.host);
  const removed: string[] = [];
  for (const { definition, probe } of await probeDrivers(context.host)) {
    if (probe.usable) removed.push(...(await definition.open(context.host).purge(quietly(context))));
  }
  await rm(stateDir, { recursive: true, force: true });
  await rm(cacheDir, { recursive: true, force: true });
  return [...removed, stateDir, cacheDir];
}
