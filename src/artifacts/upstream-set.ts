import type { ArtifactSet, BinaryName, LocalFile } from "../contract/artifact.ts";
import type { RunContext } from "../contract/host.ts";
import { ArtifactStore, type StoreOptions } from "./artifact-store.ts";
import type { CatalogueEntry } from "./catalogue/catalogue-entry.ts";
import { forEachParallel } from "./for-each-parallel.ts";
import { cachedImageArchive, registryImageArchive } from "./image/registry-image-archive.ts";
import { imageRef } from "./image/reference.ts";
import type { Source } from "./source.ts";
import { binaryNames, upstreamArchives, upstreamBinaries } from "./upstream-artifacts.ts";

type Arch = "amd64" | "arm64";

/** An artifact set, and every path of the tree it was made from. */
export interface UpstreamResult {
  readonly set: ArtifactSet;
  readonly identities: readonly string[];
}

/** Fetches what is missing of a release, four files at a time; the first failure ends the others. Errors of `ArtifactStore`. */
export async function fetchUpstream(
  entry: CatalogueEntry,
  arch: Arch,
  source: Source,
  c: RunContext,
  options: StoreOptions = {},
): Promise<UpstreamResult> {
  const failed = new AbortController();
  const signal = AbortSignal.any([c.signal, failed.signal]);
  const context = { ...c, signal };
  const store = new ArtifactStore(source, context, options);
  const found = new Map<string, LocalFile>();
  const image = async (ref: string) =>
    void found.set(ref, await registryImageArchive(store, ref, arch, context, options));
  const binaries = upstreamBinaries(entry, arch);
  const archives = upstreamArchives(entry, arch);
  const jobs = [
    ...binaryNames.map((name) => async () => void found.set(name, await store.ensure(binaries[name]))),
    ...archives.map(
      ({ name, wanted }) =>
        async () =>
          void found.set(name, await store.ensure(wanted)),
    ),
    () => image(entry.pauseImage),
    () => image(entry.corednsImage),
  ];
  try {
    await forEachParallel(jobs, 4, failed);
  } finally {
    await store.save();
  }
  return { set: setOf(entry, archives, found), identities: [...store.identities] };
}

/** Whether `fetchUpstream` would need no network. */
export async function upstreamComplete(
  entry: CatalogueEntry,
  arch: Arch,
  c: Pick<RunContext, "host" | "signal">,
): Promise<boolean> {
  const quiet: RunContext = { ...c, report: () => undefined, log: () => undefined };
  const store = new ArtifactStore({ kind: "upstream" }, quiet);
  const wanted = [
    ...Object.values(upstreamBinaries(entry, arch)),
    ...upstreamArchives(entry, arch).map((archive) => archive.wanted),
  ];
  for (const one of wanted) if (!(await store.has(one))) return false;
  for (const ref of [entry.pauseImage, entry.corednsImage])
    if (!(await cachedImageArchive(store, ref, arch, c))) return false;
  return true;
}

function setOf(
  entry: CatalogueEntry,
  archives: ReturnType<typeof upstreamArchives>,
  found: ReadonlyMap<string, LocalFile>,
): ArtifactSet {
  const get = (name: string): LocalFile => {
    const file = found.get(name);
    if (!file) throw new TypeError(`${name} was not fetched`);
    return file;
  };
  const image = (ref: string) => ({ ...get(ref), ref: imageRef(ref) });
  return {
    source: "upstream",
    kubernetesVersion: entry.version,
    binaries: Object.fromEntries(binaryNames.map((name) => [name, get(name)])) as Record<
      BinaryName,
      LocalFile
    >,
    archives: Object.fromEntries(archives.map(({ name, version }) => [name, { ...get(name), version }])),
    images: { pause: image(entry.pauseImage), "cluster-dns": image(entry.corednsImage) },
  };
}
