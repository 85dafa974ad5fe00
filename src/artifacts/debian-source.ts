import type { LocalFile } from "../contract/artifact.ts";
import type { RunContext } from "../contract/host.ts";
import { ArtifactStore, type StoreOptions } from "./artifact-store.ts";
import { type DebianFileName, debianFileNames, type DebianFiles } from "./debian/artifact-files.ts";
import { debianPaths } from "./debian/paths.ts";
import { recipe, recipeKey } from "./debian/recipe.ts";
import { verifiedFiles } from "./debian/verified-files.ts";
import { forEachParallel } from "./for-each-parallel.ts";
import { openSource, probeSource } from "./source.ts";

type Arch = "amd64" | "arm64";

/** The only version that Debian's source package provides. */
export const debianVersion: string = recipe.kubernetesVersion;

/** Folder of the tree in which the Debian artifacts lie; the key follows the recipe, so another release may have another one. */
export const debianIdentity = async (arch: Arch): Promise<string> =>
  `debian/${recipe.suite}/kubernetes-${debianVersion}/${await recipeKey()}/linux/${arch}`;

/** Whether the builder would have nothing to do. */
export async function debianComplete(arch: Arch, c: Pick<RunContext, "host" | "signal">): Promise<boolean> {
  const paths = debianPaths(c.host.cacheDir, await recipeKey(), arch);
  return (await verifiedFiles(paths, c.signal)).size === debianFileNames.length;
}

/**
 * Takes the Debian artifacts from a mirror instead of building them. `undefined` when the mirror does not have them (or has those
 * of another recipe). Rejects as `ArtifactStore.ensure` does.
 */
export async function fetchDebianFromMirror(
  { arch, mirror }: { readonly arch: Arch; readonly mirror: string },
  c: RunContext,
  options: StoreOptions = {},
): Promise<DebianFiles | undefined> {
  const source = await openSource(mirror);
  const folder = await debianIdentity(arch);
  const sums = `${folder}/SHA256SUMS`;
  const answer = await probeSource(source, sums, { env: c.host.env, signal: c.signal, timeoutMs: 10_000 });
  if (answer.state === "missing") return undefined;
  const failed = new AbortController();
  const store = new ArtifactStore(
    source,
    { ...c, signal: AbortSignal.any([c.signal, failed.signal]) },
    options,
  );
  const files = new Map<DebianFileName, LocalFile>();
  const jobs = debianFileNames.map((name) => async () => {
    const digest = { kind: "companion", identity: sums } as const;
    files.set(name, await store.ensure({ identity: `${folder}/${name}`, digest }));
  });
  try {
    await forEachParallel(jobs, 4, failed);
  } finally {
    await store.save();
  }
  return { key: await recipeKey(), files };
}
